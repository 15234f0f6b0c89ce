/* SPDX-License-Identifier: MIT */
/* A stream of events through the body path, cut in two ways. Byte 0: bits of what is asked; byte 1: size of the pieces. */
#include "fuzz.h"
#include "flow/flow.h"
#include "../flow/record.h"

static const struct pie_path fuzz_paths[] = {{"b64_json", PIE_PATH_IMAGE},
                                             {"url", PIE_PATH_URL},
                                             {"data[].b64_json", PIE_PATH_IMAGE},
                                             {"type", PIE_PATH_NAME},
                                             {NULL, 0}};
static const struct pie_event fuzz_kinds[] = {
    {".partial_image", PIE_EVENT_PARTIAL}, {"error", PIE_EVENT_ERROR}, {NULL, 0}};
static const struct pie_stream fuzz_stream = {fuzz_paths, fuzz_kinds};

/* Where the rest begins: the last of the record. */
static const char *fuzz_rest(const struct pie_buf *record)
{
    static const char mark[] = "\nrest: ";
    for (size_t i = record->n; i-- > 0;) {
        if (record->n - i >= sizeof mark && memcmp(record->p + i, mark, sizeof mark - 1) == 0)
            return record->p + i + sizeof mark - 1;
    }
    return NULL;
}

/* One array, whatever came. */
static void fuzz_is_array(const struct pie_buf *record)
{
    struct pie_doc *doc = NULL;
    static const char kind[] = "kind: events\n";
    if (record->n < sizeof kind || memcmp(record->p, kind, sizeof kind - 1) != 0)
        return;
    const char *rest = fuzz_rest(record);
    FUZZ_NEED(rest != NULL);
    size_t n = (size_t)(record->p + record->n - rest) - 1;
    FUZZ_NEED(pie_doc_parse(&pie_mem_libc, pie_slice(rest, n), &doc) == APIPIE_OK);
    FUZZ_NEED(pie_node_kind(pie_doc_root(doc)) == PIE_JSON_ARRAY);
    pie_doc_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record what;
    struct pie_buf whole, pieces;
    if (size < 2)
        return 0;
    memset(&what, 0, sizeof(what));
    what.stream = &fuzz_stream;
    what.type = (data[0] & 1) != 0 ? NULL : "text/event-stream";
    what.cut = (data[0] & 2) != 0;
    what.max_image = (data[0] & 4) != 0 ? 50 : 0;
    pie_buf_init(&whole, &pie_mem_libc, SIZE_MAX);
    pie_buf_init(&pieces, &pie_mem_libc, SIZE_MAX);
    record_pieces(&what, data + 2, size - 2, size, 0, &whole);
    record_pieces(&what, data + 2, size - 2, (size_t)data[1] % 7 + 1, (size_t)data[1] % 61 + 1,
                  &pieces);
    FUZZ_NEED(whole.n == pieces.n && memcmp(whole.p, pieces.p, whole.n) == 0);
    fuzz_is_array(&whole);
    pie_buf_free(&whole);
    pie_buf_free(&pieces);
    return 0;
}
