/* SPDX-License-Identifier: MIT */
/* What must hold of every record of a reply. */
#include "need.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

void record_all(const struct record *what, const char *p, size_t n, struct pie_buf *out)
{
    pie_buf_init(out, &pie_mem_libc, SIZE_MAX);
    record_pieces(what, p, n, n, 0, out);
    assert_int_equal(out->failed, APIPIE_OK);
}

void need_same(const struct pie_buf *whole, const struct pie_buf *pieces, const char *name,
               size_t first, size_t step)
{
    if (whole->n == pieces->n && memcmp(whole->p, pieces->p, whole->n) == 0)
        return;
    print_error("%s, cut at %u, step %u:\n%s\nbut whole:\n%s\n", name, (unsigned)first,
                (unsigned)step, pieces->p, whole->p);
    fail();
}

void need_same_in_pieces(const struct record *what, const char *name, const char *p, size_t n,
                         const struct pie_buf *whole)
{
    static const size_t steps[] = {1, 2, 3, 7};
    struct pie_buf pieces;
    pie_buf_init(&pieces, &pie_mem_libc, SIZE_MAX);
    for (size_t first = 0; first <= n; first++) {
        pie_buf_clear(&pieces);
        record_pieces(what, p, n, first, 0, &pieces);
        need_same(whole, &pieces, name, first, 0);
    }
    for (size_t i = 0; i < PIE_COUNT(steps); i++) {
        pie_buf_clear(&pieces);
        record_pieces(what, p, n, steps[i], steps[i], &pieces);
        need_same(whole, &pieces, name, steps[i], steps[i]);
    }
    pie_buf_free(&pieces);
}

int32_t record_holds(const struct pie_buf *b, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= b->n; i++) {
        if (memcmp(b->p + i, part, n) == 0)
            return 1;
    }
    return 0;
}

void need_holds(const struct pie_buf *b, const char *name, const char *part)
{
    if (record_holds(b, part))
        return;
    print_error("%s: no '%s' in\n%s\n", name, part, b->p);
    fail();
}

struct pie_slice record_rest(const struct pie_buf *whole)
{
    static const char mark[] = "\nrest: ";
    for (size_t i = 0; i + sizeof(mark) <= whole->n; i++) {
        if (memcmp(whole->p + i, mark, sizeof(mark) - 1) == 0) {
            size_t start = i + sizeof(mark) - 1;
            return pie_slice(whole->p + start, whole->n - start - 1);
        }
    }
    return pie_slice(NULL, 0);
}

/* The promise: whatever came, the rest of a JSON reply can be read. */
void need_readable(const struct pie_buf *whole, const char *name)
{
    struct pie_doc *doc = NULL;
    if (!record_holds(whole, "kind: json\n"))
        return;
    struct pie_slice rest = record_rest(whole);
    if (pie_doc_parse(&pie_mem_libc, rest, &doc) != APIPIE_OK) {
        print_error("%s: the rest is no JSON:\n%.*s\n", name, (int)rest.n, rest.p);
        fail();
    }
    pie_doc_free(doc);
}

void need_rest(const struct pie_buf *whole, const char *rest)
{
    struct pie_buf plain;
    if (rest == NULL)
        return;
    pie_buf_init(&plain, &pie_mem_libc, SIZE_MAX);
    pie_json_plain(record_rest(whole), &plain);
    pie_buf_add(&plain, "", 0);
    assert_string_equal(plain.p, rest);
    pie_buf_free(&plain);
}
