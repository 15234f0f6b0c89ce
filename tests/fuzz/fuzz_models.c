/* SPDX-License-Identifier: MIT */
/* A model list of any bytes: read, asked, merged, sorted, grouped and compared; and what is read twice is the same. */
#include "fuzz.h"
#include "catalog/catalog.h"

static void fuzz_row(const struct apipie_catalog *c, size_t i)
{
    FUZZ_NEED(pie_catalog_text(c, i, APIPIE_MODEL_PROVIDER) != NULL);
    FUZZ_NEED(pie_catalog_text(c, i, APIPIE_MODEL_NAME) != NULL);
    for (int32_t field = APIPIE_MODEL_ID; field <= APIPIE_MODEL_LICENSE_URL; field++) {
        const char *text = pie_catalog_text(c, i, field);
        FUZZ_NEED(text == NULL || pie_utf8_valid(text, strlen(text)) == strlen(text));
    }
    for (int32_t field = APIPIE_MODEL_ENABLED; field <= APIPIE_MODEL_MAX_IMAGES; field++) {
        int64_t v = pie_catalog_number(c, i, field);
        FUZZ_NEED(v >= APIPIE_UNKNOWN);
        if ((field >= APIPIE_MODEL_INPUT_COST && field <= APIPIE_MODEL_PRICE) ||
            (field >= APIPIE_MODEL_INPUT_PER_MILLION && field <= APIPIE_MODEL_OUTPUT_PER_TOKEN))
            FUZZ_NEED(v <= 10000 * APIPIE_DOLLAR);
    }
    FUZZ_NEED(pie_catalog_price(c, i, 1024, 1024, 0, NULL) ==
              pie_catalog_number(c, i, APIPIE_MODEL_PRICE));
    struct pie_slice json = pie_catalog_json(c, i);
    FUZZ_NEED(json.p == NULL || (json.p[0] == '{' && json.p[json.n] == '\0'));
}

static void fuzz_rows(const struct apipie_catalog *c)
{
    for (size_t i = 0; i < pie_catalog_count(c); i++)
        fuzz_row(c, i);
    for (size_t i = 0; i < pie_catalog_warning_count(c); i++)
        FUZZ_NEED(pie_catalog_warning(c, i) != NULL);
    for (size_t i = 0; i < pie_catalog_restriction_count(c); i++) {
        struct pie_slice name = pie_slice_text(pie_catalog_restriction(c, i, 0));
        struct pie_slice country = pie_slice_text(pie_catalog_restriction(c, i, 1));
        struct pie_slice code = pie_slice_text(pie_catalog_restriction(c, i, 2));
        FUZZ_NEED(name.n != 0 && country.n + code.n != 0);
        FUZZ_NEED(country.n == 0 || pie_catalog_restricted(c, name, name, country) == 1);
        FUZZ_NEED(code.n == 0 || pie_catalog_restricted(c, name, name, code) == 1);
    }
}

static void fuzz_never(void *user, int32_t kind, const char *provider, const char *model,
                       int64_t before, int64_t after)
{
    (void)user, (void)kind, (void)provider, (void)model, (void)before, (void)after;
    FUZZ_NEED(0);
}

/* Groups part the rows; a sort loses none and changes nothing else. */
static void fuzz_select(struct apipie_catalog *c, int32_t field)
{
    struct apipie_catalog *sorted = NULL, *group = NULL;
    size_t rows = 0;
    FUZZ_NEED(pie_catalog_sort(c, field, 1, &sorted) == APIPIE_OK);
    FUZZ_NEED(pie_catalog_count(sorted) == pie_catalog_count(c));
    for (size_t n = 0; pie_catalog_group(sorted, field, n, &group) == APIPIE_OK && group; n++) {
        rows += pie_catalog_count(group);
        pie_catalog_drop(group);
    }
    FUZZ_NEED(rows == pie_catalog_count(c));
    pie_catalog_drop(sorted);
}

static void fuzz_merge(const struct apipie_catalog *c)
{
    struct apipie_catalog *base = NULL, *merged = NULL;
    FUZZ_NEED(pie_catalog_built_in(&pie_mem_libc, &base) == APIPIE_OK);
    FUZZ_NEED(pie_catalog_merge(&pie_mem_libc, base, c, &merged) == APIPIE_OK);
    FUZZ_NEED(pie_catalog_count(merged) >= pie_catalog_count(base));
    FUZZ_NEED(pie_catalog_count(merged) >= pie_catalog_count(c));
    fuzz_rows(merged);
    pie_catalog_drop(merged);
    pie_catalog_drop(base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct apipie_catalog *c = NULL, *again = NULL, *safe = NULL;
    struct pie_slice text = pie_slice((const char *)data, size);
    /* Text that nobody made safe: the answer may be nonsense, memory may not. */
    if (pie_catalog_parse_safe(&pie_mem_libc, text, 0, 0, &safe) == APIPIE_OK)
        fuzz_select(safe, APIPIE_MODEL_PROVIDER);
    pie_catalog_drop(safe);
    apipie_status status = pie_catalog_parse(&pie_mem_libc, text, 0, &c);
    FUZZ_NEED(status == APIPIE_OK || status == APIPIE_E_MALFORMED);
    if (status != APIPIE_OK)
        return 0;
    fuzz_rows(c);
    fuzz_merge(c);
    fuzz_select(c, APIPIE_MODEL_TYPE);
    fuzz_select(c, APIPIE_MODEL_PRICE);
    FUZZ_NEED(pie_catalog_parse(&pie_mem_libc, text, 0, &again) == APIPIE_OK);
    FUZZ_NEED(pie_catalog_diff(c, again, fuzz_never, NULL) == APIPIE_OK);
    pie_catalog_drop(again);
    pie_catalog_drop(c);
    return 0;
}
