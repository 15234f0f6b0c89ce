/* SPDX-License-Identifier: MIT */
/* Knows how a picture stands in JSON, encoded while it is sent; must not read one. */
#include "dialect/input_priv.h"

/* What stands behind the comma of a data URL in base64; empty when it is none. */
static struct pie_slice input_payload(const struct pie_input *in)
{
    struct pie_slice url = pie_slice(in->p, in->n);
    static const char mark[] = ";base64,";
    const char *comma = url.n != 0 ? memchr(url.p, ',', url.n) : NULL;
    if (!pie_input_is_data_url(in) || comma == NULL)
        return pie_slice("", 0);
    const size_t head = (size_t)(comma - url.p) + 1;
    const size_t n = sizeof(mark) - 1;
    if (head < n || !pie_slice_equal_nocase(pie_slice(url.p + head - n, n), mark))
        return pie_slice("", 0);
    return pie_slice(url.p + head, url.n - head);
}

int32_t pie_input_fits(const struct pie_input *in, int32_t as)
{
    return in->kind != PIE_INPUT_URL || as == PIE_INPUT_AS_DATA_URI ||
           (as == PIE_INPUT_AS_BASE64 && input_payload(in).n != 0);
}

static void input_add(struct pie_http_request *q, const struct pie_input *in,
                      pie_segment_encode_fn encode)
{
    if (in->kind == PIE_INPUT_FILE)
        pie_http_request_add_file(q, in->p, &in->stamp, 0, in->stamp.size, encode);
    else
        pie_http_request_add_bytes(q, in->p, in->n, encode);
}

void pie_input_raw(struct pie_http_request *q, const struct pie_input *in)
{
    if (in->kind != PIE_INPUT_URL)
        input_add(q, in, NULL);
}

void pie_input_json(struct pie_http_request *q, const struct pie_input *in, int32_t as)
{
    if (in->kind == PIE_INPUT_URL) {
        pie_json_string(&q->text,
                        as == PIE_INPUT_AS_BASE64 ? input_payload(in) : pie_slice(in->p, in->n));
        return;
    }
    pie_buf_add_char(&q->text, '"');
    if (as == PIE_INPUT_AS_DATA_URI) {
        pie_buf_add_text(&q->text, "data:");
        pie_buf_add_text(&q->text, in->mime);
        pie_buf_add_text(&q->text, ";base64,");
    }
    input_add(q, in, pie_base64_encode);
    pie_buf_add_char(&q->text, '"');
}

void pie_input_json_short(struct pie_buf *out, const struct pie_input *in)
{
    if (in->kind == PIE_INPUT_URL && !pie_input_is_data_url(in))
        pie_json_string(out, pie_slice(in->p, in->n));
    else
        pie_buf_add_text(out, "null");
}

void pie_input_member(struct pie_buf *out, struct pie_leg *leg, const struct pie_input *in)
{
    if (leg == NULL)
        pie_input_json_short(out, in);
    else if (pie_input_fits(in, PIE_INPUT_AS_BASE64))
        pie_input_json(&leg->request, in, PIE_INPUT_AS_BASE64);
    else
        pie_input_json(&leg->request, in, PIE_INPUT_AS_DATA_URI);
}

void pie_input_name(const struct pie_input *in, const char *stem, size_t number,
                    char out[PIE_INPUT_NAME])
{
    const char *slash = in->mime != NULL ? strchr(in->mime, '/') : NULL;
    struct pie_slice kind = pie_slice_text(slash != NULL ? slash + 1 : "bin");
    size_t n = 0;
    kind.n = strcspn(kind.p, "+;"); /* svg+xml */
    pie_text_copy(pie_slice_text(stem), out, 16);
    n = strlen(out);
    if (number != 0) {
        char digits[PIE_NUMBER_MAX];
        pie_number_uint_text(number + 1, digits);
        out[n++] = '-';
        memcpy(out + n, digits, strlen(digits));
        n += strlen(digits);
    }
    out[n++] = '.';
    pie_text_copy(kind, out + n, PIE_INPUT_NAME - n);
}
