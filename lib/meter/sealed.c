/* SPDX-License-Identifier: MIT */
/* Knows files of lines that each carry a checksum; must not know what is in the lines. */
#include "meter/sealed_priv.h"

/* Of a whole file: many times what the most rows of usual names need. */
#define SEALED_MAX  ((size_t)1 << 28)
#define SEALED_LINE ((size_t)1 << 20) /* a longer one is not ours */
#define SEALED_HASH (PIE_HASH_TEXT - 1)

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
    const struct pie_sealed *kind;
    pie_sealed_read read;
    void *user;
    int32_t lines; /* 0: none yet; 1: the first one, and it was cut; 2: it was whole */
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

/* Cut within its first line it is still one of ours, but then nothing follows. */
static apipie_status sealed_take_line(void *user, struct pie_slice line)
{
    struct sealed_reading *r = user;
    size_t n = strlen(r->kind->first) - 1; /* without its end */
    if (r->lines == 2)
        return sealed_read_line(r, line);
    if (r->lines == 1 || line.n == 0 || line.n > n || memcmp(line.p, r->kind->first, line.n) != 0)
        return APIPIE_E_ARGUMENT;
    r->lines = line.n == n ? 2 : 1;
    return APIPIE_OK;
}

apipie_status pie_sealed_load(const struct pie_mem *mem, const char *path,
                              const struct pie_sealed *kind, pie_sealed_read read, void *user,
                              const char **ret_reason)
{
    struct sealed_reading r = {mem, kind, read, user, 0};
    size_t too_long = 0;
    *ret_reason = "out of memory";
    apipie_status status =
        pie_lines_read(mem, path, SEALED_LINE, sealed_take_line, &r, &too_long, ret_reason);
    if (status != APIPIE_E_ARGUMENT && (status != APIPIE_OK || r.lines != 0 || too_long == 0))
        return status;
    *ret_reason = kind->refusal;
    return APIPIE_E_FILE;
}
