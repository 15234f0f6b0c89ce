/* SPDX-License-Identifier: MIT */
/* Knows how to ask the APIpie gateway for its models (https://apipie.ai/docs/Features/Models); must not read the list. */
#include "dialect/apipie_priv.h"

/* RFC 3986, 2.3: what needs no percent sign. */
static int32_t models_is_plain(char c)
{
    return pie_is_alpha(c) || pie_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void models_percent(struct pie_buf *url, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (models_is_plain(*text)) {
            pie_buf_add_char(url, *text);
            continue;
        }
        pie_buf_add_char(url, '%');
        pie_buf_add_char(url, hex[c >> 4]);
        pie_buf_add_char(url, hex[c & 15]);
    }
}

apipie_status pie_apipie_ask_models(const struct pie_call *c, struct pie_leg *leg,
                                    struct apipie_error *err)
{
    struct pie_buf *url = &leg->request.url;
    char before = '?';
    (void)err;
    apipie_status status =
        pie_apipie_begin(c, "GET", c->wish->detailed ? "/models/detailed" : "/models", leg);
    if (status != APIPIE_OK)
        return status;
    leg->purpose = APIPIE_PURPOSE_MODELS;
    leg->with_key = c->key != NULL;
    for (const struct pie_filter *f = c->wish->filters; f != NULL; f = f->next) {
        pie_buf_add_char(url, before);
        models_percent(url, f->name);
        if (f->value != NULL) {
            pie_buf_add_char(url, '=');
            models_percent(url, f->value);
        }
        before = '&';
    }
    return url->failed;
}
