/* SPDX-License-Identifier: MIT */
/* Any text to safe JSON: it can be read, and what is safe already stays as it is. Byte 0 is the room in KiB. */
#include "fuzz.h"
#include "flow/flow.h"

static void fuzz_is_readable(struct pie_slice safe)
{
    struct pie_doc *doc = NULL;
    struct pie_buf again;
    FUZZ_NEED(pie_doc_parse(&pie_mem_libc, safe, &doc) == APIPIE_OK);
    pie_buf_init(&again, &pie_mem_libc, SIZE_MAX);
    pie_node_write(pie_doc_root(doc), &again);
    FUZZ_NEED(again.failed == APIPIE_OK);
    pie_buf_free(&again);
    pie_doc_free(doc);
}

/* Safe JSON, made plain and safe again. */
static void fuzz_again(struct pie_slice safe, struct pie_buf *again)
{
    struct pie_buf plain;
    struct pie_damage damage;
    pie_buf_init(&plain, &pie_mem_libc, SIZE_MAX);
    pie_buf_init(again, &pie_mem_libc, SIZE_MAX / 2);
    pie_json_plain(safe, &plain);
    FUZZ_NEED(pie_json_safe(&pie_mem_libc, pie_buf_slice(&plain), again, &damage) == APIPIE_OK);
    FUZZ_NEED(!damage.found);
    pie_buf_free(&plain);
}

/* The first time a key of bad bytes may grow over its limit, as each becomes three. */
static void fuzz_stays_safe(struct pie_slice safe)
{
    struct pie_buf once, twice;
    fuzz_again(safe, &once);
    fuzz_again(pie_buf_slice(&once), &twice);
    FUZZ_NEED(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
    FUZZ_NEED(once.n <= safe.n);
    pie_buf_free(&once);
    pie_buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pie_buf safe;
    if (size < 1)
        return 0;
    pie_buf_init(&safe, &pie_mem_libc, 160 + 1024 * (size_t)data[0]);
    apipie_status status =
        pie_json_safe(&pie_mem_libc, pie_slice((const char *)data + 1, size - 1), &safe, NULL);
    FUZZ_NEED(status == APIPIE_OK || status == APIPIE_E_MALFORMED);
    FUZZ_NEED(safe.n <= safe.max);
    if (status == APIPIE_OK) {
        fuzz_is_readable(pie_buf_slice(&safe));
        fuzz_stays_safe(pie_buf_slice(&safe));
    }
    pie_buf_free(&safe);
    return 0;
}
