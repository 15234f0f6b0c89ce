/* SPDX-License-Identifier: MIT */
/* Knows a list of names and values; must not know what any header means. */
#include "base/base.h"

/* Room for the headers of nearly every message. */
#define HEADERS_FIRST 8192

void pie_headers_init(struct pie_headers *h, const struct pie_mem *mem)
{
    pie_buf_init(&h->text, mem, PIE_HEADERS_MAX);
}

void pie_headers_init_custom(struct pie_headers *h, const struct pie_mem *mem)
{
    pie_buf_init(&h->text, mem, PIE_HEADERS_CUSTOM_MAX);
}

void pie_headers_free(struct pie_headers *h)
{
    /* It may hold a key. */
    if (h->text.p != NULL)
        pie_mem_wipe(h->text.p, h->text.cap);
    pie_buf_free(&h->text);
}

void pie_headers_clear(struct pie_headers *h)
{
    pie_buf_clear(&h->text);
}

apipie_status pie_headers_add(struct pie_headers *h, struct pie_slice name, struct pie_slice value)
{
    size_t before = h->text.n;
    /* Growing would leave copies behind, of the key too. */
    if (h->text.p == NULL)
        pie_buf_reserve(&h->text, HEADERS_FIRST);
    value = pie_slice_trim(value);
    pie_buf_add_slice(&h->text, name);
    pie_buf_add_char(&h->text, '\0');
    pie_buf_add_slice(&h->text, value);
    pie_buf_add_char(&h->text, '\0');
    apipie_status failed = h->text.failed;
    if (failed != APIPIE_OK) {
        h->text.failed = APIPIE_OK;
        pie_buf_truncate(&h->text, before);
    }
    return failed;
}

int32_t pie_headers_next(const struct pie_headers *h, size_t *at, const char **ret_name,
                         const char **ret_value)
{
    if (*at >= h->text.n)
        return 0;
    const char *name = h->text.p + *at;
    const char *value = name + strlen(name) + 1;
    *at += strlen(name) + strlen(value) + 2;
    *ret_name = name;
    *ret_value = value;
    return 1;
}

const char *pie_headers_get(const struct pie_headers *h, const char *name)
{
    size_t at = 0;
    const char *each = NULL;
    const char *value = NULL;
    while (pie_headers_next(h, &at, &each, &value)) {
        if (pie_slice_equal_nocase(pie_slice_text(each), name))
            return value;
    }
    return NULL;
}

size_t pie_headers_count(const struct pie_headers *h)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t at = 0;
    size_t count = 0;
    while (pie_headers_next(h, &at, &name, &value))
        count++;
    return count;
}

/* Takes out what stands under that name before `end`. */
static void headers_remove(struct pie_headers *h, const char *name, size_t end)
{
    const char *each = NULL;
    const char *value = NULL;
    size_t at = 0;
    for (size_t from = 0; from < end; from = at) {
        pie_headers_next(h, &at, &each, &value);
        if (!pie_slice_equal_nocase(pie_slice_text(each), name))
            continue;
        memmove(h->text.p + from, h->text.p + at, h->text.n - at);
        pie_mem_wipe(h->text.p + h->text.n - (at - from), at - from);
        pie_buf_truncate(&h->text, h->text.n - (at - from));
        end -= at - from;
        at = from;
    }
}

apipie_status pie_headers_set(struct pie_headers *h, const char *name, const char *value)
{
    size_t before = h->text.n;
    apipie_status status = APIPIE_OK;
    if (value != NULL)
        status = pie_headers_add(h, pie_slice_text(name), pie_slice_text(value));
    if (status == APIPIE_OK)
        headers_remove(h, name, before);
    return status;
}

apipie_status pie_headers_add_all(struct pie_headers *h, const struct pie_headers *from)
{
    const char *name = NULL;
    const char *value = NULL;
    apipie_status status = APIPIE_OK;
    for (size_t at = 0; status == APIPIE_OK && pie_headers_next(from, &at, &name, &value);)
        status = pie_headers_add(h, pie_slice_text(name), pie_slice_text(value));
    return status;
}
