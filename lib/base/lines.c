/* SPDX-License-Identifier: MIT */
/* Knows how a file comes apart into lines; must not know what they say. */
#include "base/base.h"

#define LINES_PIECE ((size_t)65536)

struct lines {
    struct pie_buf line; /* one that has no end yet */
    pie_line_fn fn;
    void *user;
    size_t too_long;
};

/* What is there of a line whose end was found, or never comes. */
static apipie_status lines_give(struct lines *l)
{
    apipie_status status = APIPIE_OK;
    if (l->line.failed == APIPIE_OK)
        status = l->fn(l->user, pie_buf_slice(&l->line));
    else if (l->line.failed == APIPIE_E_LIMIT)
        l->too_long++;
    else
        status = l->line.failed;
    pie_buf_clear(&l->line);
    return status;
}

static apipie_status lines_take(struct lines *l, struct pie_slice piece)
{
    apipie_status status = APIPIE_OK;
    while (piece.n != 0 && status == APIPIE_OK) {
        const char *end = memchr(piece.p, '\n', piece.n);
        size_t n = end != NULL ? (size_t)(end - piece.p) : piece.n;
        pie_buf_add(&l->line, piece.p, n);
        if (end == NULL)
            break;
        status = lines_give(l);
        piece = pie_slice(piece.p + n + 1, piece.n - n - 1);
    }
    return status;
}

static apipie_status lines_read_all(struct lines *l, pie_file file, char *piece,
                                    const char **ret_reason)
{
    uint64_t at = 0;
    size_t n = 0;
    apipie_status status = APIPIE_OK;
    do {
        status = pie_file_read_at(file, at, piece, LINES_PIECE, &n, ret_reason);
        if (status == APIPIE_OK)
            status = lines_take(l, pie_slice(piece, n));
        at += n;
    } while (status == APIPIE_OK && n != 0);
    if (status == APIPIE_OK && (l->line.n != 0 || l->line.failed != APIPIE_OK))
        status = lines_give(l);
    return status;
}

apipie_status pie_lines_read(const struct pie_mem *mem, const char *path, size_t most,
                             pie_line_fn fn, void *user, size_t *ret_long, const char **ret_reason)
{
    struct lines l = {.fn = fn, .user = user};
    pie_file file = PIE_FILE_NONE;
    const char *ignored = NULL;
    apipie_status status = pie_file_open_read(path, &file, ret_reason);
    if (status != APIPIE_OK)
        return status;
    pie_buf_init(&l.line, mem, most);
    char *piece = pie_mem_new(mem, LINES_PIECE, 1);
    status = piece != NULL ? lines_read_all(&l, file, piece, ret_reason) : APIPIE_E_MEMORY;
    pie_mem_free(mem, piece);
    pie_buf_free(&l.line);
    pie_file_close(file, &ignored);
    if (ret_long != NULL)
        *ret_long = l.too_long;
    return status;
}
