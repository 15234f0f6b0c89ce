/* SPDX-License-Identifier: MIT */
/* A whole reply through the body path, cut in two ways. Byte 0: bits of what is asked; byte 1: size of the pieces. */
#include "fuzz.h"
#include "flow/flow.h"
#include "../flow/record.h"

static const struct pie_path fuzz_paths[] = {{"data[].b64_json", PIE_PATH_IMAGE},
                                             {"data[].url", PIE_PATH_URL},
                                             {"images[]", PIE_PATH_IMAGE},
                                             {"output", PIE_PATH_URL},
                                             {"output[]", PIE_PATH_URL},
                                             {"a[][].b.c[]", PIE_PATH_IMAGE},
                                             {"[]", PIE_PATH_IMAGE},
                                             {NULL, 0}};

/* The last one: pictures before it may hold any text. */
static int32_t fuzz_find(const struct pie_buf *b, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = b->n; i-- > 0;) {
        if (n <= b->n - i && memcmp(b->p + i, text, n) == 0)
            return (int32_t)i;
    }
    return -1;
}

static void fuzz_rest_is_readable(const struct pie_buf *record)
{
    struct pie_doc *doc = NULL;
    int32_t at = fuzz_find(record, "misuse: 0\nrest: ");
    FUZZ_NEED(at >= 0);
    if (record->n < 11 || memcmp(record->p, "kind: json\n", 11) != 0)
        return;
    size_t start = (size_t)at + sizeof("misuse: 0\nrest: ") - 1;
    struct pie_slice rest = pie_slice(record->p + start, record->n - start - 1);
    FUZZ_NEED(pie_doc_parse(&pie_mem_libc, rest, &doc) == APIPIE_OK);
    pie_doc_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record what;
    struct pie_buf whole, pieces;
    if (size < 2)
        return 0;
    memset(&what, 0, sizeof(what));
    what.paths = (data[0] & 1) != 0 ? NULL : fuzz_paths;
    what.expect_image = (data[0] & 2) != 0;
    what.status = (data[0] & 12) == 12 ? 404 : 200;
    what.cut = (data[0] & 16) != 0;
    what.max_image = (data[0] & 32) != 0 ? 50 : 0;
    what.type = (data[0] & 64) != 0 ? "multipart/form-data; boundary=B" : NULL;
    what.sink_room = 0; /* where a disk is full depends on the pieces */
    pie_buf_init(&whole, &pie_mem_libc, SIZE_MAX);
    pie_buf_init(&pieces, &pie_mem_libc, SIZE_MAX);
    record_pieces(&what, data + 2, size - 2, size, 0, &whole);
    record_pieces(&what, data + 2, size - 2, (size_t)data[1] % 7 + 1, (size_t)data[1] % 61 + 1,
                  &pieces);
    FUZZ_NEED(whole.n == pieces.n && memcmp(whole.p, pieces.p, whole.n) == 0);
    fuzz_rest_is_readable(&whole);
    pie_buf_free(&whole);
    pie_buf_free(&pieces);
    return 0;
}
