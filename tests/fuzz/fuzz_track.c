/* SPDX-License-Identifier: MIT */
/* A file of prices over time of any bytes: read line by line, in order of time, and as it was at any moment. */
#include "fuzz.h"
#include "catalog/catalog.h"

static const int32_t fuzz_fields[] = {
    APIPIE_MODEL_PRICE,      APIPIE_MODEL_INPUT_COST,  APIPIE_MODEL_OUTPUT_COST,
    APIPIE_MODEL_AVG_COST,   APIPIE_MODEL_LATENCY_2K,  APIPIE_MODEL_LATENCY_4K,
    APIPIE_MODEL_LATENCY_8K, APIPIE_MODEL_LATENCY_16K, APIPIE_MODEL_LATENCY_32K,
    APIPIE_MODEL_LATENCY,    APIPIE_MODEL_AVAILABLE};

static struct apipie_price_history *fuzz_read(struct pie_slice text)
{
    size_t lines = 0;
    struct apipie_price_history *h = pie_track_new(&pie_mem_libc);
    FUZZ_NEED(h != NULL);
    while (text.n != 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
        FUZZ_NEED(pie_track_take(h, pie_slice(text.p, n)) == APIPIE_OK);
        lines++;
        n += end != NULL;
        text = pie_slice(text.p + n, text.n - n);
    }
    FUZZ_NEED(pie_track_end(h, 0) == APIPIE_OK);
    FUZZ_NEED(pie_track_count(h) + pie_track_skipped(h) <= lines);
    return h;
}

static void fuzz_line(const struct apipie_price_history *h, size_t i)
{
    FUZZ_NEED(pie_track_text(h, i, APIPIE_MODEL_PROVIDER)[0] != '\0');
    FUZZ_NEED(pie_track_text(h, i, APIPIE_MODEL_NAME)[0] != '\0');
    FUZZ_NEED(pie_track_time(h, i) >= 0);
    FUZZ_NEED(i == 0 || pie_track_time(h, i) >= pie_track_time(h, i - 1));
    for (size_t k = 0; k < PIE_COUNT(fuzz_fields); k++) {
        int64_t v = pie_track_number(h, i, fuzz_fields[k]);
        FUZZ_NEED(v >= APIPIE_UNKNOWN && v <= 10000 * APIPIE_DOLLAR);
    }
}

/* The last line of each model is its row. */
static void fuzz_moment(const struct apipie_price_history *h, int64_t wall_ms)
{
    struct apipie_catalog *c = NULL;
    FUZZ_NEED(pie_track_catalog(h, wall_ms, &c) == APIPIE_OK);
    for (size_t r = 0; r < pie_catalog_count(c); r++) {
        const char *provider = pie_catalog_text(c, r, APIPIE_MODEL_PROVIDER);
        const char *name = pie_catalog_text(c, r, APIPIE_MODEL_NAME);
        size_t last = SIZE_MAX;
        for (size_t i = 0; i < pie_track_count(h) && pie_track_time(h, i) <= wall_ms; i++) {
            if (strcmp(pie_track_text(h, i, APIPIE_MODEL_PROVIDER), provider) == 0 &&
                strcmp(pie_track_text(h, i, APIPIE_MODEL_NAME), name) == 0)
                last = i;
        }
        FUZZ_NEED(last != SIZE_MAX);
        for (size_t k = 0; k < PIE_COUNT(fuzz_fields); k++)
            FUZZ_NEED(pie_catalog_number(c, r, fuzz_fields[k]) ==
                      pie_track_number(h, last, fuzz_fields[k]));
    }
    pie_catalog_drop(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct apipie_price_history *h = fuzz_read(pie_slice((const char *)data, size));
    size_t n = pie_track_count(h);
    for (size_t i = 0; i < n; i++)
        fuzz_line(h, i);
    fuzz_moment(h, n != 0 ? pie_track_time(h, n / 2) : 0);
    fuzz_moment(h, INT64_MAX);
    pie_track_drop(h);
    return 0;
}
