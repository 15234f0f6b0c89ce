/* SPDX-License-Identifier: MIT */
/* Knows the records of a recording, one by one; must not know what an exchange is made of, nor where it runs. */
#include "http/recording_priv.h"

#define RECORDING_FIRST "apipie-recording 1\n"

static const char *const recording_wires[] = {
    [PIE_WIRE_OK] = "ok",
    [PIE_WIRE_LOOKUP] = "lookup",
    [PIE_WIRE_CONNECT] = "connect",
    [PIE_WIRE_CONNECT_TIMEOUT] = "connect-timeout",
    [PIE_WIRE_TLS] = "tls",
    [PIE_WIRE_CERTIFICATE] = "certificate",
    [PIE_WIRE_PINNED] = "pinned",
    [PIE_WIRE_CA] = "authorities",
    [PIE_WIRE_OWN_CERTIFICATE] = "own-certificate",
    [PIE_WIRE_PROXY] = "proxy",
    [PIE_WIRE_PROXY_AUTH] = "proxy-auth",
    [PIE_WIRE_INTERFACE] = "interface",
    [PIE_WIRE_REFUSED] = "refused",
    [PIE_WIRE_CUT] = "cut",
    [PIE_WIRE_RESENT] = "resent",
    [PIE_WIRE_WRITER] = "writer",
    [PIE_WIRE_BODY] = "request-body",
    [PIE_WIRE_STOPPED] = "stopped",
    [PIE_WIRE_MEMORY] = "memory",
    [PIE_WIRE_UNRECORDED] = "unrecorded",
    [PIE_WIRE_OTHER] = "other",
};

/* ---- written */

static void recording_append(struct pie_recording_out *o)
{
    const char *reason = NULL;
    if (o->line.failed != APIPIE_OK)
        o->broken = 1;
    if (!o->broken)
        o->broken = pie_file_append(o->file, o->line.p, o->line.n, &reason) != APIPIE_OK;
}

apipie_status pie_recording_create(const struct pie_mem *mem, const char *path,
                                   struct pie_recording_out *ret)
{
    const char *reason = NULL;
    memset(ret, 0, sizeof(*ret));
    pie_buf_init(&ret->line, mem, PIE_RECORD_LINE + PIE_RECORD_TEXT);
    apipie_status status = pie_file_create_private(path, &ret->file, &reason);
    if (status != APIPIE_OK)
        return status;
    pie_buf_add_text(&ret->line, RECORDING_FIRST);
    recording_append(ret);
    if (!ret->broken)
        return APIPIE_OK;
    status = ret->line.failed != APIPIE_OK ? ret->line.failed : APIPIE_E_FILE;
    pie_recording_close(ret);
    pie_file_remove(path);
    return status;
}

void pie_recording_close(struct pie_recording_out *o)
{
    const char *reason = NULL;
    pie_file_close(o->file, &reason);
    o->file = PIE_FILE_NONE;
    o->broken = 1;
    pie_buf_free(&o->line);
}

void pie_recording_begin(struct pie_recording_out *o, const char *kind, uint64_t exchange)
{
    pie_buf_clear(&o->line);
    pie_buf_add_text(&o->line, kind);
    pie_buf_add_char(&o->line, ' ');
    pie_buf_add_uint(&o->line, exchange);
}

void pie_recording_field(struct pie_recording_out *o, const char *text)
{
    pie_buf_add_char(&o->line, ' ');
    pie_buf_add_text(&o->line, text);
}

void pie_recording_number(struct pie_recording_out *o, int64_t v)
{
    pie_buf_add_char(&o->line, ' ');
    pie_buf_add_int(&o->line, v);
}

void pie_recording_write(struct pie_recording_out *o, struct pie_slice bytes)
{
    pie_recording_number(o, (int64_t)bytes.n);
    pie_buf_add_char(&o->line, '\n');
    pie_buf_add_slice(&o->line, bytes);
    pie_buf_add_char(&o->line, '\n');
    recording_append(o);
}

void pie_recording_end_fields(struct pie_recording_out *o, const struct pie_record_end *e)
{
    const int64_t numbers[] = {e->writer_status, e->sent,   e->private_peer,  e->lookup_us,
                               e->connect_us,    e->tls_us, e->first_byte_us, e->total_us};
    pie_recording_field(o, recording_wires[e->wire]);
    for (size_t i = 0; i < PIE_COUNT(numbers); i++)
        pie_recording_number(o, numbers[i]);
}

/* The body is kept decoded and whole; a cookie is a key of its own. */
static int32_t recording_is_kept(const char *name)
{
    static const char *const dropped[] = {"Set-Cookie", "Content-Encoding", "Transfer-Encoding",
                                          "Content-Length", "Connection"};
    for (size_t i = 0; i < PIE_COUNT(dropped); i++) {
        if (pie_slice_equal_nocase(pie_slice_text(name), dropped[i]))
            return 0;
    }
    return 1;
}

void pie_recording_head_lines(const struct pie_headers *h, struct pie_buf *out)
{
    const char *name = NULL;
    const char *value = NULL;
    for (size_t at = 0; pie_headers_next(h, &at, &name, &value);) {
        if (!recording_is_kept(name))
            continue;
        pie_buf_add_text(out, name);
        pie_buf_add_text(out, ": ");
        pie_buf_add_text(out, value);
        pie_buf_add_char(out, '\n');
    }
}

/* ---- read */

apipie_status pie_recording_bytes(const struct pie_recording_in *in, uint64_t at, void *p, size_t n)
{
    const char *reason = NULL;
    size_t got = 0;
    apipie_status status = pie_file_read_at(in->file, at, p, n, &got, &reason);
    return status != APIPIE_OK || got == n ? status : APIPIE_E_FILE;
}

/* What the window shows from there on: a whole line, when there is one. */
static apipie_status recording_look(struct pie_recording_in *in, uint64_t at, struct pie_slice *ret)
{
    const char *reason = NULL;
    uint64_t window_end = in->window_at + in->window_n;
    if (at < in->window_at || at + PIE_RECORD_LINE > window_end) {
        apipie_status status =
            pie_file_read_at(in->file, at, in->window, sizeof(in->window), &in->window_n, &reason);
        if (status != APIPIE_OK)
            return status;
        in->window_at = at;
    }
    size_t from = (size_t)(at - in->window_at);
    *ret = pie_slice(in->window + from, in->window_n - from);
    return APIPIE_OK;
}

apipie_status pie_recording_open(const char *path, struct pie_recording_in *ret, uint64_t *ret_next)
{
    const char *reason = NULL;
    char first[sizeof(RECORDING_FIRST)];
    memset(ret, 0, sizeof(*ret));
    apipie_status status = pie_file_open_read(path, &ret->file, &reason);
    if (status != APIPIE_OK)
        return status;
    status = pie_file_size(ret->file, &ret->size, &reason);
    if (status == APIPIE_OK)
        status = pie_recording_bytes(ret, 0, first, sizeof(first) - 1);
    if (status == APIPIE_OK && memcmp(first, RECORDING_FIRST, sizeof(first) - 1) != 0)
        status = APIPIE_E_FILE;
    if (status != APIPIE_OK) {
        pie_file_close(ret->file, &reason);
        return status;
    }
    *ret_next = sizeof(first) - 1;
    return APIPIE_OK;
}

/* 0 when there are too many. */
static size_t recording_split(struct pie_slice line, struct pie_slice *field, size_t most)
{
    size_t count = 0;
    while (count < most) {
        const char *blank = line.n != 0 ? memchr(line.p, ' ', line.n) : NULL;
        size_t n = blank != NULL ? (size_t)(blank - line.p) : line.n;
        field[count++] = pie_slice(line.p, n);
        if (blank == NULL)
            return count;
        line = pie_slice(line.p + n + 1, line.n - n - 1);
    }
    return 0;
}

/* Kind, exchange, and the count of bytes at least. */
static apipie_status recording_parse(struct pie_slice line, struct pie_record *r)
{
    memcpy(r->line, line.p, line.n);
    r->fields = recording_split(pie_slice(r->line, line.n), r->field, PIE_RECORD_FIELDS);
    if (r->fields < 3 || pie_number_uint(r->field[1], &r->exchange) != APIPIE_OK)
        return APIPIE_E_NOT_FOUND;
    r->fields--;
    return pie_number_uint(r->field[r->fields], &r->n) == APIPIE_OK ? APIPIE_OK
                                                                    : APIPIE_E_NOT_FOUND;
}

apipie_status pie_recording_next(struct pie_recording_in *in, uint64_t *next,
                                 struct pie_record *ret)
{
    struct pie_slice text;
    if (*next >= in->size)
        return APIPIE_E_NOT_FOUND;
    apipie_status status = recording_look(in, *next, &text);
    if (status != APIPIE_OK)
        return status;
    size_t room = text.n < PIE_RECORD_LINE ? text.n : PIE_RECORD_LINE;
    const char *end = room != 0 ? memchr(text.p, '\n', room) : NULL;
    if (end == NULL)
        return APIPIE_E_NOT_FOUND;
    size_t n = (size_t)(end - text.p);
    status = recording_parse(pie_slice(text.p, n), ret);
    if (status != APIPIE_OK)
        return status;
    ret->at = *next + n + 1;
    if (ret->at >= in->size || ret->n >= in->size - ret->at)
        return APIPIE_E_NOT_FOUND;
    *next = ret->at + ret->n + 1;
    return APIPIE_OK;
}

static apipie_status recording_int(struct pie_slice s, int64_t *ret)
{
    uint64_t v = 0;
    int32_t minus = s.n != 0 && s.p[0] == '-';
    if (pie_number_uint(pie_slice(s.p + minus, s.n - (size_t)minus), &v) != APIPIE_OK ||
        v > INT64_MAX)
        return APIPIE_E_MALFORMED;
    *ret = minus ? -(int64_t)v : (int64_t)v;
    return APIPIE_OK;
}

static apipie_status recording_int32(struct pie_slice s, int32_t *ret)
{
    int64_t v = 0;
    if (recording_int(s, &v) != APIPIE_OK || v < INT32_MIN || v > INT32_MAX)
        return APIPIE_E_MALFORMED;
    *ret = (int32_t)v;
    return APIPIE_OK;
}

static apipie_status recording_wire(struct pie_slice name, int32_t *ret)
{
    for (size_t i = 0; i < PIE_COUNT(recording_wires); i++) {
        if (pie_slice_equal(name, recording_wires[i])) {
            *ret = (int32_t)i;
            return APIPIE_OK;
        }
    }
    return APIPIE_E_MALFORMED;
}

apipie_status pie_recording_read_end(const struct pie_record *r, struct pie_record_end *ret)
{
    struct pie_record_end e;
    int32_t *const words[] = {&e.writer_status, &e.sent, &e.private_peer};
    int64_t *const times[] = {&e.lookup_us, &e.connect_us, &e.tls_us, &e.first_byte_us,
                              &e.total_us};
    if (r->fields != 3 + PIE_COUNT(words) + PIE_COUNT(times))
        return APIPIE_E_MALFORMED;
    apipie_status status = recording_wire(r->field[2], &e.wire);
    for (size_t i = 0; status == APIPIE_OK && i < PIE_COUNT(words); i++)
        status = recording_int32(r->field[3 + i], words[i]);
    for (size_t i = 0; status == APIPIE_OK && i < PIE_COUNT(times); i++)
        status = recording_int(r->field[3 + PIE_COUNT(words) + i], times[i]);
    /* A writer that failed said why. */
    if (status == APIPIE_OK && e.wire == PIE_WIRE_WRITER && e.writer_status >= APIPIE_OK)
        status = APIPIE_E_MALFORMED;
    if (status == APIPIE_OK)
        *ret = e;
    return status;
}

apipie_status pie_recording_read_status(const struct pie_record *r, int32_t *ret)
{
    int32_t status = 0;
    if (r->fields != 3 || recording_int32(r->field[2], &status) != APIPIE_OK || status < 100 ||
        status > 999)
        return APIPIE_E_MALFORMED;
    *ret = status;
    return APIPIE_OK;
}

apipie_status pie_recording_read_head(struct pie_slice lines, struct pie_headers *ret)
{
    apipie_status status = APIPIE_OK;
    while (lines.n != 0 && status == APIPIE_OK) {
        const char *end = memchr(lines.p, '\n', lines.n);
        size_t n = end != NULL ? (size_t)(end - lines.p) : lines.n;
        const char *colon = memchr(lines.p, ':', n);
        if (colon != NULL) {
            size_t name = (size_t)(colon - lines.p);
            status =
                pie_headers_add(ret, pie_slice(lines.p, name), pie_slice(colon + 1, n - name - 1));
        }
        n += end != NULL;
        lines = pie_slice(lines.p + n, lines.n - n);
    }
    return status == APIPIE_E_LIMIT ? APIPIE_OK : status;
}
