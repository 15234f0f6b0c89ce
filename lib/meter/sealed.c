/* SPDX-License-Identifier: MIT */
/* Knows files of lines that each carry a checksum; must not know what is in the lines. */
#include "meter/sealed_priv.h"

/* Of a whole file: many times what the most rows of usual names need. */
#define SEALED_MAX   ((size_t)1 << 28)
#define SEALED_HASH  (PIE_HASH_TEXT - 1)
#define SEALED_PIECE 16384

static void sealed_hash(struct pie_slice text, char out[PIE_HASH_TEXT])
{
    struct pie_hash hash;
    pie_hash_init(&hash);
    pie_hash_add(&hash, text.p, text.n);
    pie_hash_text(&hash, out);
}

/* ---- written */

static apipie_status sealed_write_all(struct pie_buf *out, size_t rows, pie_sealed_write write,
                                      const void *user)
{
    struct pie_buf row;
    char hash[PIE_HASH_TEXT];
    pie_buf_init(&row, out->mem, SEALED_MAX);
    for (size_t i = 0; i < rows && row.failed == APIPIE_OK; i++) {
        pie_buf_clear(&row);
        write(user, i, &row);
        sealed_hash(pie_buf_slice(&row), hash);
        pie_buf_add_text(out, hash);
        pie_buf_add_char(out, ' ');
        pie_buf_add_slice(out, pie_buf_slice(&row));
        pie_buf_add_char(out, '\n');
    }
    apipie_status status = row.failed != APIPIE_OK ? row.failed : out->failed;
    pie_buf_free(&row);
    return status;
}

apipie_status pie_sealed_save(const struct pie_mem *mem, const char *path,
                              const struct pie_sealed *kind, size_t rows, pie_sealed_write write,
                              const void *user, const char **ret_reason)
{
    struct pie_buf text;
    pie_buf_init(&text, mem, SEALED_MAX);
    *ret_reason = "out of memory";
    pie_buf_add_text(&text, kind->first);
    apipie_status status = sealed_write_all(&text, rows, write, user);
    if (status == APIPIE_OK)
        status = pie_save_private(mem, path, pie_buf_slice(&text), ret_reason);
    pie_buf_free(&text);
    return status == APIPIE_E_LIMIT ? APIPIE_E_MEMORY : status;
}

/* ---- read */

struct sealed_reading {
    const struct pie_mem *mem;
    pie_sealed_read read;
    void *user;
};

/* A line that is not as it was written is passed over. */
static apipie_status sealed_read_line(const struct sealed_reading *r, struct pie_slice line)
{
    char hash[PIE_HASH_TEXT];
    struct pie_doc *doc = NULL;
    if (line.n <= SEALED_HASH || line.p[SEALED_HASH] != ' ')
        return APIPIE_OK;
    struct pie_slice json = pie_slice(line.p + SEALED_HASH + 1, line.n - SEALED_HASH - 1);
    sealed_hash(json, hash);
    if (memcmp(line.p, hash, SEALED_HASH) != 0)
        return APIPIE_OK;
    apipie_status status = pie_doc_parse(r->mem, json, &doc);
    if (status != APIPIE_OK)
        return status == APIPIE_E_MEMORY ? status : APIPIE_OK;
    status = r->read(r->user, pie_doc_root(doc));
    pie_doc_free(doc);
    return status;
}

static apipie_status sealed_read_lines(const struct sealed_reading *r, struct pie_slice rest)
{
    apipie_status status = APIPIE_OK;
    while (rest.n != 0 && status == APIPIE_OK) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;
        status = sealed_read_line(r, pie_slice(rest.p, n));
        n += end != NULL;
        rest = pie_slice(rest.p + n, rest.n - n);
    }
    return status;
}

/* Cut within its first line it is still one of ours. */
static apipie_status sealed_check_first(const struct pie_sealed *kind, struct pie_slice *text,
                                        const char **ret_reason)
{
    size_t n = strlen(kind->first);
    n = text->n < n ? text->n : n;
    if (n != 0 && memcmp(text->p, kind->first, n) != 0) {
        *ret_reason = kind->refusal;
        return APIPIE_E_FILE;
    }
    *text = pie_slice(text->p + n, text->n - n);
    return APIPIE_OK;
}

static apipie_status sealed_read_file(const char *path, struct pie_buf *ret,
                                      const char **ret_reason)
{
    pie_file file = PIE_FILE_NONE;
    const char *ignored = NULL;
    char piece[SEALED_PIECE];
    size_t n = 1;
    apipie_status status = pie_file_open_read(path, &file, ret_reason);
    if (status != APIPIE_OK)
        return status;
    while (status == APIPIE_OK && n != 0 && ret->failed == APIPIE_OK) {
        status = pie_file_read_at(file, ret->n, piece, sizeof(piece), &n, ret_reason);
        if (status == APIPIE_OK)
            pie_buf_add(ret, piece, n);
    }
    pie_file_close(file, &ignored);
    if (status != APIPIE_OK || ret->failed == APIPIE_OK)
        return status;
    *ret_reason = ret->failed == APIPIE_E_LIMIT ? "it is too large" : "out of memory";
    return ret->failed == APIPIE_E_LIMIT ? APIPIE_E_FILE : APIPIE_E_MEMORY;
}

apipie_status pie_sealed_load(const struct pie_mem *mem, const char *path,
                              const struct pie_sealed *kind, pie_sealed_read read, void *user,
                              const char **ret_reason)
{
    struct pie_buf text;
    const struct sealed_reading reading = {mem, read, user};
    pie_buf_init(&text, mem, SEALED_MAX);
    *ret_reason = "out of memory";
    apipie_status status = sealed_read_file(path, &text, ret_reason);
    struct pie_slice rest = pie_buf_slice(&text);
    if (status == APIPIE_OK)
        status = sealed_check_first(kind, &rest, ret_reason);
    if (status == APIPIE_OK)
        status = sealed_read_lines(&reading, rest);
    pie_buf_free(&text);
    return status;
}
