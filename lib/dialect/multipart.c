/* SPDX-License-Identifier: MIT */
/* Knows how multipart/form-data is written (RFC 7578, https://html.spec.whatwg.org/#multipart-form-data); must not know what the
 * fields mean. */
#include "dialect/input_priv.h"

void pie_multipart_begin(struct pie_multipart *m, struct pie_http_request *q, const uint8_t *random)
{
    static const char hex[] = "0123456789abcdef";
    static const char start[] = "apipie-";
    size_t n = sizeof(start) - 1;
    m->q = q;
    memcpy(m->boundary, start, n);
    for (size_t i = 0; i < PIE_MULTIPART_RANDOM; i++) {
        m->boundary[n++] = hex[random != NULL ? random[i] >> 4 : 0];
        m->boundary[n++] = hex[random != NULL ? random[i] & 15 : 0];
    }
    m->boundary[n] = '\0';
}

/* As browsers do: what would end the quotes or the line is percent-encoded, and nothing else, not even the percent sign. */
static void multipart_quoted(struct pie_buf *out, const char *text)
{
    pie_buf_add_char(out, '"');
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '"':
            pie_buf_add_text(out, "%22");
            break;
        case '\r':
            pie_buf_add_text(out, "%0D");
            break;
        case '\n':
            pie_buf_add_text(out, "%0A");
            break;
        default:
            pie_buf_add_char(out, *text);
        }
    }
    pie_buf_add_char(out, '"');
}

static void multipart_part(struct pie_multipart *m, const char *name)
{
    struct pie_buf *out = &m->q->text;
    pie_buf_add_text(out, "--");
    pie_buf_add_text(out, m->boundary);
    pie_buf_add_text(out, "\r\nContent-Disposition: form-data; name=");
    multipart_quoted(out, name);
}

void pie_multipart_text(struct pie_multipart *m, const char *name, struct pie_slice value)
{
    struct pie_buf *out = &m->q->text;
    multipart_part(m, name);
    pie_buf_add_text(out, "\r\n\r\n");
    pie_buf_add_slice(out, value);
    pie_buf_add_text(out, "\r\n");
}

/* ... that is a file: all but its bytes. */
static void multipart_head(struct pie_multipart *m, const char *name, const char *file_name,
                           const char *type)
{
    struct pie_buf *out = &m->q->text;
    multipart_part(m, name);
    pie_buf_add_text(out, "; filename=");
    multipart_quoted(out, file_name);
    pie_buf_add_text(out, "\r\nContent-Type: ");
    pie_buf_add_text(out, type);
    pie_buf_add_text(out, "\r\n\r\n");
}

void pie_multipart_json(struct pie_multipart *m, const char *name, const char *file_name,
                        struct pie_slice json)
{
    multipart_head(m, name, file_name, "application/json");
    pie_buf_add_slice(&m->q->text, json);
    pie_buf_add_text(&m->q->text, "\r\n");
}

apipie_status pie_multipart_file(struct pie_multipart *m, const char *name, const char *file_name,
                                 const struct pie_input *in)
{
    if (in->kind != PIE_INPUT_FILE && in->kind != PIE_INPUT_BYTES)
        return APIPIE_E_UNSUPPORTED;
    multipart_head(m, name, file_name, in->mime);
    pie_input_raw(m->q, in);
    pie_buf_add_text(&m->q->text, "\r\n");
    return APIPIE_OK;
}

apipie_status pie_multipart_end(struct pie_multipart *m)
{
    struct pie_buf type;
    struct pie_http_request *q = m->q;
    pie_buf_add_text(&q->text, "--");
    pie_buf_add_text(&q->text, m->boundary);
    pie_buf_add_text(&q->text, "--\r\n");
    apipie_status status = pie_http_request_end_body(q);
    if (status != APIPIE_OK)
        return status;
    pie_buf_init(&type, q->text.mem, 200);
    pie_buf_add_text(&type, "multipart/form-data; boundary=");
    pie_buf_add_text(&type, m->boundary);
    status = type.failed;
    if (status == APIPIE_OK)
        status = pie_headers_add(&q->headers, pie_slice_text("Content-Type"), pie_buf_slice(&type));
    pie_buf_free(&type);
    return status;
}
