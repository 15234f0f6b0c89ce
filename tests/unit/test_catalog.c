/* SPDX-License-Identifier: MIT */
/* The gateway's list of models: every odd type, every odd row, prices by size and quality, text that is damaged. */
#include "catalog/catalog.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define ROW(members) "{\"provider\":\"p\",\"model\":\"m\"" members "}"

static struct apipie_catalog *parse(const char *text)
{
    struct apipie_catalog *c = NULL;
    if (pie_catalog_parse(&pie_mem_libc, pie_slice_text(text), 7, &c) != APIPIE_OK)
        fail_msg("not parsed: %s", text);
    return c;
}

static void need_text(const struct apipie_catalog *c, size_t i, int32_t field, const char *text)
{
    const char *got = pie_catalog_text(c, i, field);
    if (text == NULL ? got != NULL : got == NULL || strcmp(got, text) != 0)
        fail_msg("row %zu, field %d: '%s' is not '%s'", i, field, got != NULL ? got : "(null)",
                 text != NULL ? text : "(null)");
}

static void need_number(const struct apipie_catalog *c, size_t i, int32_t field, int64_t v)
{
    int64_t got = pie_catalog_number(c, i, field);
    if (got != v)
        fail_msg("row %zu, field %d: %lld is not %lld", i, field, (long long)got, (long long)v);
}

static void need_warnings(const struct apipie_catalog *c, size_t n)
{
    size_t got = pie_catalog_warning_count(c);
    if (got != n)
        fail_msg("%zu warnings, not %zu; the first: %s", got, n,
                 got != 0 ? pie_catalog_warning(c, 0) : "none");
}

/* ---- one row */

static void a_whole_record_is_typed(void **state)
{
    static const char text[] =
        "{\"object\":\"list\",\"data\":[{\"id\":\"prodia/"
        "sd_xl_base_1.0\",\"model\":\"sd_xl_base_1.0\","
        "\"provider\":\"prodia\",\"type\":\"image\",\"subtype\":\"text-to-image\",\"route\":\"r\","
        "\"description\":\"SDXL "
        "\\u00e9\",\"enabled\":1,\"available\":true,\"max_tokens\":\"8,192\","
        "\"max_response_tokens\":4096,\"input_cost\":\"0.0000001800000000\",\"output_cost\":null,"
        "\"avg_cost\":\"0.0080000000\",\"price_type\":\"image\",\"img_price\":null,"
        "\"latency\":\"1162/2145/6245/8234/18456/8162\",\"query_count\":\"310,000\","
        "\"img_json\":{\"standard\":{\"1024x1024\":0.008,\"512x512\":\"0.004\"},\"hd\":{"
        "\"1024x1024\":\"0.016\"}},"
        "\"else\":[1,2.50]}]}";
    (void)state;
    struct apipie_catalog *c = parse(text);
    assert_int_equal(pie_catalog_count(c), 1);
    assert_int_equal(pie_catalog_fetched(c), 7);
    need_warnings(c, 0);
    need_text(c, 0, APIPIE_MODEL_ID, "prodia/sd_xl_base_1.0");
    need_text(c, 0, APIPIE_MODEL_NAME, "sd_xl_base_1.0");
    need_text(c, 0, APIPIE_MODEL_PROVIDER, "prodia");
    need_text(c, 0, APIPIE_MODEL_TYPE, "image");
    need_text(c, 0, APIPIE_MODEL_SUBTYPE, "text-to-image");
    need_text(c, 0, APIPIE_MODEL_ROUTE, "r");
    need_text(c, 0, APIPIE_MODEL_DESCRIPTION, "SDXL \xC3\xA9");
    need_text(c, 0, APIPIE_MODEL_PRICE_TYPE, "image");
    need_text(c, 0, APIPIE_MODEL_FAMILY, NULL);
    need_number(c, 0, APIPIE_MODEL_ENABLED, 1);
    need_number(c, 0, APIPIE_MODEL_AVAILABLE, 1);
    need_number(c, 0, APIPIE_MODEL_MAX_TOKENS, 8192);
    need_number(c, 0, APIPIE_MODEL_MAX_RESPONSE_TOKENS, 4096);
    need_number(c, 0, APIPIE_MODEL_INPUT_COST, 180000);
    need_number(c, 0, APIPIE_MODEL_OUTPUT_COST, APIPIE_UNKNOWN);
    need_number(c, 0, APIPIE_MODEL_AVG_COST, INT64_C(8000000000));
    need_number(c, 0, APIPIE_MODEL_PRICE, INT64_C(8000000000));
    need_number(c, 0, APIPIE_MODEL_LATENCY_2K, 1162);
    need_number(c, 0, APIPIE_MODEL_LATENCY_4K, 2145);
    need_number(c, 0, APIPIE_MODEL_LATENCY_8K, 6245);
    need_number(c, 0, APIPIE_MODEL_LATENCY_16K, 8234);
    need_number(c, 0, APIPIE_MODEL_LATENCY_32K, 18456);
    need_number(c, 0, APIPIE_MODEL_LATENCY, 8162);
    need_number(c, 0, APIPIE_MODEL_QUERY_COUNT, 310000);
    need_number(c, 0, APIPIE_MODEL_LIVE, 1);
    need_number(c, 0, APIPIE_MODEL_BUILT_IN, 0);
    assert_int_equal(pie_catalog_price(c, 0, 512, 512, 0, "Standard"), INT64_C(4000000000));
    assert_int_equal(pie_catalog_price(c, 0, 1024, 1024, 0, "HD"), INT64_C(16000000000));
    assert_int_equal(pie_catalog_price(c, 0, 512, 512, 0, "hd"), APIPIE_UNKNOWN);
    struct pie_slice json = pie_catalog_json(c, 0);
    assert_true(json.n > 13 && json.p[json.n] == '\0' && json.p[0] == '{');
    assert_memory_equal(json.p + json.n - 16, "\"else\":[1,2.50]}", 16);
    pie_catalog_drop(c);
}

/* What is past the end, or of the other kind, is nothing. */
static void strange_questions_get_nothing(void **state)
{
    (void)state;
    struct apipie_catalog *c = parse("[" ROW("") "]");
    need_text(c, 1, APIPIE_MODEL_ID, NULL);
    need_text(c, 0, APIPIE_MODEL_ENABLED, NULL);
    need_text(c, 0, 0, NULL);
    need_text(c, 0, 16, NULL);
    need_text(NULL, 0, APIPIE_MODEL_ID, NULL);
    need_number(c, 0, APIPIE_MODEL_ID, APIPIE_UNKNOWN);
    need_number(c, 0, 121, APIPIE_UNKNOWN);
    need_number(c, 9, APIPIE_MODEL_LIVE, APIPIE_UNKNOWN);
    assert_null(pie_catalog_json(c, 1).p);
    assert_null(pie_catalog_warning(c, 0));
    assert_int_equal(pie_catalog_price(c, 1, 1, 1, 0, NULL), APIPIE_UNKNOWN);
    assert_int_equal(pie_catalog_price(c, 0, 0, 1024, 0, NULL), APIPIE_UNKNOWN);
    pie_catalog_drop(c);
    pie_catalog_drop(NULL);
}

struct value {
    const char *members;
    int32_t field;
    int64_t v;
    size_t warnings;
};

static const struct value values[] = {
    {",\"enabled\":0", APIPIE_MODEL_ENABLED, 0, 0},
    {",\"enabled\":false", APIPIE_MODEL_ENABLED, 0, 0},
    {",\"enabled\":\"0\"", APIPIE_MODEL_ENABLED, 0, 0},
    {",\"enabled\":\"1\"", APIPIE_MODEL_ENABLED, 1, 0},
    {",\"enabled\":\"true\"", APIPIE_MODEL_ENABLED, 1, 0},
    {",\"enabled\":\"False\"", APIPIE_MODEL_ENABLED, 0, 0},
    {",\"enabled\":null", APIPIE_MODEL_ENABLED, APIPIE_UNKNOWN, 0},
    {",\"enabled\":2", APIPIE_MODEL_ENABLED, APIPIE_UNKNOWN, 0},
    {",\"enabled\":[]", APIPIE_MODEL_ENABLED, APIPIE_UNKNOWN, 0},
    {",\"available\":1.0", APIPIE_MODEL_AVAILABLE, 1, 0},
    {"", APIPIE_MODEL_AVAILABLE, APIPIE_UNKNOWN, 0},
    {",\"max_tokens\":-5", APIPIE_MODEL_MAX_TOKENS, APIPIE_UNKNOWN, 0},
    {",\"max_tokens\":1e3", APIPIE_MODEL_MAX_TOKENS, 1000, 0},
    {",\"max_tokens\":1e999", APIPIE_MODEL_MAX_TOKENS, APIPIE_UNKNOWN, 0},
    {",\"max_tokens\":true", APIPIE_MODEL_MAX_TOKENS, APIPIE_UNKNOWN, 0},
    {",\"query_count\":\"1,234,567\"", APIPIE_MODEL_QUERY_COUNT, 1234567, 0},
    {",\"query_count\":null", APIPIE_MODEL_QUERY_COUNT, APIPIE_UNKNOWN, 0},
    {",\"query_count\":\"many\"", APIPIE_MODEL_QUERY_COUNT, APIPIE_UNKNOWN, 0},
    {",\"input_cost\":0", APIPIE_MODEL_INPUT_COST, 0, 0},
    {",\"input_cost\":\"\"", APIPIE_MODEL_INPUT_COST, APIPIE_UNKNOWN, 0},
    {",\"input_cost\":1.26e-7", APIPIE_MODEL_INPUT_COST, 126000, 0},
    {",\"req_price\":\"0.0000001800000000\"", APIPIE_MODEL_INPUT_COST, 180000, 0},
    {",\"input_cost\":\"0.1\",\"req_price\":\"9\"", APIPIE_MODEL_INPUT_COST, INT64_C(100000000000),
     0},
    {",\"input_cost\":null,\"req_price\":\"9\"", APIPIE_MODEL_INPUT_COST, 9 * APIPIE_DOLLAR, 0},
    {",\"res_price\":\"$2\"", APIPIE_MODEL_OUTPUT_COST, 2 * APIPIE_DOLLAR, 0},
    {",\"input_cost\":-0.1", APIPIE_MODEL_INPUT_COST, APIPIE_UNKNOWN, 1},
    {",\"input_cost\":\"-1e-30\"", APIPIE_MODEL_INPUT_COST, APIPIE_UNKNOWN, 1},
    {",\"input_cost\":true", APIPIE_MODEL_INPUT_COST, APIPIE_UNKNOWN, 1},
    {",\"input_cost\":\"free\"", APIPIE_MODEL_INPUT_COST, APIPIE_UNKNOWN, 1},
    {",\"input_cost\":{}", APIPIE_MODEL_INPUT_COST, APIPIE_UNKNOWN, 1},
    {",\"avg_cost\":\"10000\"", APIPIE_MODEL_AVG_COST, 10000 * APIPIE_DOLLAR, 0},
    {",\"avg_cost\":\"10000.000000000001\"", APIPIE_MODEL_AVG_COST, APIPIE_UNKNOWN, 1},
    {",\"avg_cost\":1e999", APIPIE_MODEL_AVG_COST, APIPIE_UNKNOWN, 1},
    {",\"avg_cost\":18446744.073709551617", APIPIE_MODEL_AVG_COST, APIPIE_UNKNOWN, 1},
    {",\"latency\":null", APIPIE_MODEL_LATENCY, APIPIE_UNKNOWN, 0},
    {",\"latency\":\"\"", APIPIE_MODEL_LATENCY, APIPIE_UNKNOWN, 0},
    {",\"latency\":\"0\"", APIPIE_MODEL_LATENCY, APIPIE_UNKNOWN, 0},
    {",\"latency\":\"5200\"", APIPIE_MODEL_LATENCY, 5200, 0},
    {",\"latency\":5200.4", APIPIE_MODEL_LATENCY, 5200, 0},
    {",\"latency\":\"1/2\"", APIPIE_MODEL_LATENCY_4K, 2, 0},
    {",\"latency\":\"1/2\"", APIPIE_MODEL_LATENCY, APIPIE_UNKNOWN, 0},
    {",\"latency\":\"/////9\"", APIPIE_MODEL_LATENCY, 9, 0},
    {",\"latency\":\"/////9\"", APIPIE_MODEL_LATENCY_2K, APIPIE_UNKNOWN, 0},
    {",\"latency\":\"0/ 7 /0/0/0/0/55\"", APIPIE_MODEL_LATENCY_4K, 7, 0},
    {",\"latency\":\"1/x/3/4/5/6\"", APIPIE_MODEL_LATENCY, 6, 1},
    {",\"latency\":\"-4\"", APIPIE_MODEL_LATENCY, APIPIE_UNKNOWN, 1},
    {",\"latency\":\"99999999999999999999\"", APIPIE_MODEL_LATENCY, APIPIE_UNKNOWN, 1},
    {",\"latency\":\"N/A\"", APIPIE_MODEL_LATENCY, APIPIE_UNKNOWN, 1},
    {",\"latency\":[1]", APIPIE_MODEL_LATENCY, APIPIE_UNKNOWN, 0},
};

static void odd_types_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(values); i++) {
        char text[300];
        snprintf(text, sizeof(text), "[{\"provider\":\"p\",\"model\":\"m\"%s}]", values[i].members);
        struct apipie_catalog *c = parse(text);
        assert_int_equal(pie_catalog_count(c), 1);
        if (pie_catalog_number(c, 0, values[i].field) != values[i].v)
            print_message("%s\n", text);
        need_number(c, 0, values[i].field, values[i].v);
        need_warnings(c, values[i].warnings);
        pie_catalog_drop(c);
    }
}

/* ---- prices */

struct price {
    const char *members;
    int32_t width, height;
    const char *quality;
    int64_t micro; /* APIPIE_UNKNOWN */
    size_t warnings;
};

#define IMG(json) ",\"img_json\":" json
#define SIZES     "{\"512x512\":0.004,\"1024x1024\":0.008}"
#define IN_STRING                                                                                  \
    "\"{\\\"standard\\\":{\\\"1024x1024\\\":0.04},\\\"hd\\\":{\\\"1024x1024\\\":\\\"0.08\\\"}}\""
#define OF_MEMBERS                                                                                 \
    "[{\"size\":\"1024x1024\",\"quality\":\"standard\",\"price\":\"0.04\"},"                       \
    "{\"size\":\"1024x1024\",\"quality\":\"hd\",\"price\":0.08},"                                  \
    "{\"width\":256,\"height\":128,\"cost\":0.02}]"
#define FLAT ",\"type\":\"image\",\"price_type\":\"image\",\"avg_cost\":\"0.003\""

static const struct price prices[] = {
    {IMG(SIZES), 1024, 1024, NULL, 8000, 0},
    {IMG(SIZES), 512, 512, "standard", 4000, 0},
    {IMG(SIZES), 512, 512, "hd", APIPIE_UNKNOWN, 0},
    {IMG(SIZES), 513, 512, NULL, APIPIE_UNKNOWN, 0},
    {IMG("null"), 1024, 1024, NULL, APIPIE_UNKNOWN, 0},
    {IMG("\"null\""), 1024, 1024, NULL, APIPIE_UNKNOWN, 0},
    {IMG("\"\""), 1024, 1024, NULL, APIPIE_UNKNOWN, 0},
    {IMG("0.05"), 99, 1024, NULL, 50000, 0},
    {IMG("\"0.05\""), 99, 1024, NULL, 50000, 0},
    {IMG(IN_STRING), 1024, 1024, "hd", 80000, 0},
    {IMG(IN_STRING), 1024, 1024, NULL, 40000, 0},
    {IMG(OF_MEMBERS), 1024, 1024, NULL, 40000, 0},
    {IMG(OF_MEMBERS), 1024, 1024, "hd", 80000, 0},
    {IMG(OF_MEMBERS), 256, 128, NULL, 20000, 0},
    {IMG("{\"1024 X 1792\":{\"HD\":\"$0.12\"}}"), 1024, 1792, "hd", 120000, 0},
    {IMG("{\"prices\":{\"hd-1024x1024\":1,\"1024x1024\":2}}"), 1024, 1024, "hd", 1000000, 0},
    {IMG("{\"prices\":{\"hd-1024x1024\":1,\"1024x1024\":2}}"), 1024, 1024, NULL, 2000000, 0},
    {IMG("{\"standard\":0.04,\"hd\":0.08}"), 640, 480, "hd", 80000, 0},
    {IMG("{\"default\":0.04,\"1024x1024\":0.05}"), 1024, 1024, NULL, 50000, 0},
    {IMG("{\"turbo\":{\"1024x1024\":0.02}}"), 1024, 1024, NULL, APIPIE_UNKNOWN, 0},
    {IMG("{\"turbo\":{\"1024x1024\":0.02}}"), 1024, 1024, "Turbo", 20000, 0},
    {IMG("[0.04,0.08]"), 1024, 1024, NULL, 80000, 0},
    {IMG("[0.08,0.04]"), 1024, 1024, NULL, 80000, 0},
    {IMG("{\"dalle\":{\"hd\":{\"1x1\":0.08},\"1x1\":0.04}}"), 1, 1, "hd", 80000, 0},
    {IMG("{\"standard\":\"{\\\"1x1\\\":1}\",\"hd\":\"{\\\"1x1\\\":2}\"}"), 1, 1, "hd", 2000000, 0},
    {IMG("\"[\\\"[1]\\\"]\""), 1, 1, NULL, APIPIE_UNKNOWN, 0},
    {IMG("{\"1024x1024\":{\"vivid\":0.9,\"hd\":0.8}}"), 1024, 1024, NULL, APIPIE_UNKNOWN, 0},
    {IMG("{\"steps\":30,\"n\":1,\"1024x1024\":0.02}"), 7, 7, NULL, APIPIE_UNKNOWN, 0},
    {IMG("{\"1024x1024\":-0.02}"), 1024, 1024, NULL, APIPIE_UNKNOWN, 1},
    {IMG("{\"1024x1024\":1e30}") FLAT, 1024, 1024, NULL, APIPIE_UNKNOWN, 1},
    {IMG("{\"1024x1024\":10001}"), 1024, 1024, NULL, APIPIE_UNKNOWN, 1},
    {IMG("{\"1024x1024\":true}"), 1024, 1024, NULL, APIPIE_UNKNOWN, 0},
    {IMG("{\"99999999999x1\":1}"), 1, 1, NULL, APIPIE_UNKNOWN, 0},
    {IMG("\"{broken\""), 1024, 1024, NULL, APIPIE_UNKNOWN, 0},
    {IMG("{\"0x10\":1,\"1024x1024x2\":3}"), 1024, 1024, NULL, APIPIE_UNKNOWN, 0},
    {FLAT, 1024, 1024, NULL, 3000, 0},
    {FLAT, 9, 1024, "standard", 3000, 0},
    {FLAT, 1024, 1024, "hd", APIPIE_UNKNOWN, 0},
    {IMG("null") FLAT, 512, 512, NULL, 3000, 0},
    {IMG(SIZES) FLAT, 511, 512, NULL, APIPIE_UNKNOWN, 0},
    {FLAT ",\"img_price\":\"0.002\"", 512, 512, NULL, 2000, 0},
    {FLAT ",\"img_price\":-1", 512, 512, NULL, APIPIE_UNKNOWN, 1},
    {",\"type\":\"llm\",\"price_type\":\"token\",\"avg_cost\":\"0.003\"", 1024, 1024, NULL,
     APIPIE_UNKNOWN, 0},
    {",\"type\":\"image\",\"price_type\":\"token\",\"avg_cost\":\"0.003\"", 1024, 1024, NULL,
     APIPIE_UNKNOWN, 0},
    {",\"type\":\"Image\",\"avg_cost\":\"0.003\"", 1024, 1024, NULL, 3000, 0},
};

static void prices_are_found_in_any_shape(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(prices); i++) {
        const struct price *p = &prices[i];
        char text[600];
        snprintf(text, sizeof(text), "{\"data\":[{\"provider\":\"p\",\"model\":\"m\"%s}]}",
                 p->members);
        struct apipie_catalog *c = parse(text);
        int64_t want = p->micro == APIPIE_UNKNOWN ? APIPIE_UNKNOWN : p->micro * 1000000;
        int64_t got = pie_catalog_price(c, 0, p->width, p->height, 0, p->quality);
        if (got != want)
            fail_msg("%zu: %s: %lld is not %lld", i, text, (long long)got, (long long)want);
        need_warnings(c, p->warnings);
        pie_catalog_drop(c);
    }
}

/* ---- names */

static void rows_are_named(void **state)
{
    (void)state;
    struct apipie_catalog *c =
        parse("[{\"id\":\"openai/dall-e-3\"},"
              "{\"id\":\"x\",\"model\":\"Prodia/x\",\"provider\":\"prodia\"},"
              "{\"id\":\"x\",\"provider\":\"together\"},"
              "{\"model\":\"black-forest/flux\",\"provider\":\"together\"},"
              "{\"provider\":\"pool\",\"model\":\"p1\",\"type\":null,\"subtype\":\"pool\"},"
              "{\"id\":\" prodia/x \",\"model\":\"x\"}]");
    assert_int_equal(pie_catalog_count(c), 6);
    need_text(c, 0, APIPIE_MODEL_PROVIDER, "openai");
    need_text(c, 0, APIPIE_MODEL_NAME, "dall-e-3");
    need_text(c, 1, APIPIE_MODEL_NAME, "x");
    need_text(c, 2, APIPIE_MODEL_NAME, "x");
    need_text(c, 2, APIPIE_MODEL_ID, "x");
    need_text(c, 3, APIPIE_MODEL_NAME, "black-forest/flux");
    need_text(c, 3, APIPIE_MODEL_ID, "black-forest/flux");
    need_text(c, 4, APIPIE_MODEL_TYPE, NULL);
    need_text(c, 4, APIPIE_MODEL_SUBTYPE, "pool");
    need_text(c, 5, APIPIE_MODEL_PROVIDER, "prodia");
    need_text(c, 5, APIPIE_MODEL_ID, "prodia/x");
    struct pie_slice none = {NULL, 0};
    assert_int_equal(pie_catalog_find(c, none, pie_slice_text("x")), 1);
    assert_int_equal(pie_catalog_find(c, pie_slice_text("TOGETHER"), pie_slice_text("x")), 2);
    assert_int_equal(pie_catalog_find(c, none, pie_slice_text("Together/x")), 2);
    assert_int_equal(pie_catalog_find(c, none, pie_slice_text("black-forest/flux")), 3);
    assert_int_equal(pie_catalog_find(c, none, pie_slice_text("together/black-forest/flux")), 3);
    assert_int_equal(pie_catalog_find(c, none, pie_slice_text("X")), APIPIE_UNKNOWN);
    assert_int_equal(pie_catalog_find(c, pie_slice_text("openai"), pie_slice_text("x")),
                     APIPIE_UNKNOWN);
    pie_catalog_drop(c);
}

static void bad_rows_are_dropped_with_a_reason(void **state)
{
    (void)state;
    struct apipie_catalog *c = parse("{\"data\":[null," ROW(
        "") ",7,\"x\",[],{},{\"model\":\"m\"},{\"provider\":\"p\"},"
            "{\"provider\":\"p\",\"model\":\"\"},{\"provider\":\"p\",\"model\":\"p/\"}," ROW(
                "") "]}");
    static const char *const lines[] = {
        "row 1: dropped: is no object",  "row 3: dropped: is no object",
        "row 4: dropped: is no object",  "row 5: dropped: is no object",
        "row 6: dropped: has no model",  "row 7, m: dropped: has no provider",
        "row 8: dropped: has no model",  "row 9: dropped: has no model",
        "row 10: dropped: has no model",
    };
    assert_int_equal(pie_catalog_count(c), 2);
    need_warnings(c, PIE_COUNT(lines));
    for (size_t i = 0; i < PIE_COUNT(lines); i++)
        assert_string_equal(pie_catalog_warning(c, i), lines[i]);
    pie_catalog_drop(c);
    c = parse("[{\"id\":\"p/a\\nb\",\"input_cost\":-1}]");
    need_warnings(c, 1);
    assert_string_equal(pie_catalog_warning(c, 0),
                        "row 1, p/a b: input_cost: refused: is negative");
    pie_catalog_drop(c);
}

/* ---- the list as a whole */

static void prices_by_token_have_two_units(void **state)
{
    (void)state;
    struct apipie_catalog *c = parse("[" ROW(
        ",\"max_images_per_prompt\":\"4\",\"pricing\":{\"confirmed\":{\"input_cost\":\"0.18\","
        "\"output_cost\":2.5},\"advertised\":{\"input_cost_per_token\":1.8e-7,"
        "\"output_cost_per_token\":\"0.0000025\"}}") "," ROW(",\"pricing\":{\"confirmed\":null,"
                                                             "\"advertised\":{\"input_cost_per_"
                                                             "token\":null}}") "," ROW(",\"pricing"
                                                                                       "\":"
                                                                                       "\"free\","
                                                                                       "\"max_"
                                                                                       "images_per_"
                                                                                       "prompt\":-"
                                                                                       "1") "," ROW(",\"pricing\":{\"confirmed\":{\"input_cost\":\"-1\",\"output_cost\":\"cheap\"},"
                                                                                                    "\"advertised\":{\"input_cost_per_token\":1e99}}") "]");
    need_number(c, 0, APIPIE_MODEL_INPUT_PER_MILLION, INT64_C(180000000000));
    need_number(c, 0, APIPIE_MODEL_OUTPUT_PER_MILLION, INT64_C(2500000000000));
    need_number(c, 0, APIPIE_MODEL_INPUT_PER_TOKEN, 180000);
    need_number(c, 0, APIPIE_MODEL_OUTPUT_PER_TOKEN, 2500000);
    need_number(c, 0, APIPIE_MODEL_MAX_IMAGES, 4);
    for (size_t i = 1; i < 4; i++) {
        for (int32_t field = APIPIE_MODEL_INPUT_PER_MILLION; field <= APIPIE_MODEL_MAX_IMAGES;
             field++)
            need_number(c, i, field, APIPIE_UNKNOWN);
    }
    need_warnings(c, 3);
    assert_string_equal(pie_catalog_warning(c, 0), "row 4, m: input_cost: refused: is negative");
    assert_string_equal(pie_catalog_warning(c, 1), "row 4, m: output_cost: refused: is no number");
    assert_string_equal(pie_catalog_warning(c, 2),
                        "row 4, m: input_cost_per_token: refused: is above 10,000 dollars");
    need_number(c, 0, APIPIE_MODEL_MAX_IMAGES + 1, APIPIE_UNKNOWN);
    pie_catalog_drop(c);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "null",
                                      "7",
                                      "\"data\"",
                                      "<html>",
                                      "{}",
                                      "{\"data\":{}}",
                                      "{\"data\":null}",
                                      "{\"error\":{\"message\":\"no\"}}",
                                      "{\"data"};
    struct apipie_catalog *c = NULL;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(bad); i++) {
        if (pie_catalog_parse(&pie_mem_libc, pie_slice_text(bad[i]), 0, &c) != APIPIE_E_MALFORMED)
            fail_msg("taken: %s", bad[i]);
    }
    assert_int_equal(pie_catalog_parse(&pie_mem_libc, pie_slice(NULL, 0), 0, &c),
                     APIPIE_E_MALFORMED);
    assert_null(c);
}

static void lists_come_in_two_shapes(void **state)
{
    static const char *const empty[] = {"[]", "{\"data\":[]}",
                                        "\xEF\xBB\xBF {\"x\":{\"data\":[1]},\"data\":[]}"};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(empty); i++) {
        struct apipie_catalog *c = parse(empty[i]);
        assert_int_equal(pie_catalog_count(c), 0);
        need_warnings(c, 0);
        pie_catalog_drop(c);
    }
    struct apipie_catalog *c =
        parse("{\"data\":[" ROW("") "],\"da\\u0074a\":[" ROW("") "," ROW("") "]}");
    assert_int_equal(pie_catalog_count(c), 2);
    pie_catalog_drop(c);
}

/* Wherever it is cut, what was whole stays, and what was not is gone. */
static void a_cut_keeps_what_came(void **state)
{
    static const char text[] = "{\"object\":\"list\",\"data\":["
                               "{\"id\":\"a/b\",\"img_json\":{\"1x1\":0.5},\"t\":\"}]\\\\\\\"\"},"
                               "{\"id\":\"c/d\",\"avg_cost\":\"0.12\"}]}";
    size_t first = (size_t)(strstr(text, "},{") - text) + 1;
    size_t second = strlen(text) - 2;
    size_t list = (size_t)(strchr(text, '[') - text) + 1;
    (void)state;
    for (size_t n = list; n <= strlen(text); n++) {
        struct apipie_catalog *c = NULL;
        assert_int_equal(pie_catalog_parse(&pie_mem_libc, pie_slice(text, n), 0, &c), APIPIE_OK);
        size_t want = (size_t)(n >= first) + (n >= second);
        if (pie_catalog_count(c) != want)
            fail_msg("cut at %zu: %zu rows, not %zu", n, pie_catalog_count(c), want);
        assert_true((pie_catalog_warning_count(c) != 0) == (n < strlen(text)));
        pie_catalog_drop(c);
    }
}

static void warnings_end(void **state)
{
    struct pie_buf text;
    struct apipie_catalog *c = NULL;
    (void)state;
    pie_buf_init(&text, &pie_mem_libc, 1 << 20);
    pie_buf_add_text(&text, "[0");
    for (int i = 0; i < 2000; i++)
        pie_buf_add_text(&text, ",0");
    pie_buf_add_text(&text, "," ROW("") "]");
    assert_int_equal(pie_catalog_parse(&pie_mem_libc, pie_buf_slice(&text), 0, &c), APIPIE_OK);
    assert_int_equal(pie_catalog_count(c), 1);
    need_warnings(c, 1001);
    assert_string_equal(pie_catalog_warning(c, 1000), "there are more warnings");
    pie_catalog_drop(c);
    pie_buf_free(&text);
}

static void ten_thousand_models(void **state)
{
    struct pie_buf text;
    struct apipie_catalog *c = NULL;
    char row[300];
    (void)state;
    pie_buf_init(&text, &pie_mem_libc, 1 << 24);
    pie_buf_add_text(&text, "{\"data\":[");
    for (int i = 0; i < 10000; i++) {
        snprintf(row, sizeof(row),
                 "%s{\"id\":\"p%d/m%d\",\"model\":\"m%d\",\"provider\":\"p%d\",\"enabled\":%d,"
                 "\"img_json\":\"{\\\"1024x1024\\\":0.%04d}\"}",
                 i != 0 ? "," : "", i % 7, i, i, i % 7, i % 2, i);
        pie_buf_add_text(&text, row);
    }
    pie_buf_add_text(&text, "]}");
    assert_int_equal(pie_catalog_parse(&pie_mem_libc, pie_buf_slice(&text), 0, &c), APIPIE_OK);
    assert_int_equal(pie_catalog_count(c), 10000);
    need_warnings(c, 0);
    need_text(c, 9999, APIPIE_MODEL_NAME, "m9999");
    need_number(c, 9999, APIPIE_MODEL_PRICE, INT64_C(999900000000));
    assert_int_equal(pie_catalog_find(c, pie_slice_text("p3"), pie_slice_text("m9999")), 9999);
    pie_catalog_drop(c);
    pie_buf_free(&text);
}

/* A list may not buy much memory or time with few bytes. */
static void hostile_prices_end(void **state)
{
    struct pie_buf text;
    struct apipie_catalog *c = NULL;
    (void)state;
    pie_buf_init(&text, &pie_mem_libc, 1 << 20);
    pie_buf_add_text(&text, "[{\"id\":\"a/b\",\"img_json\":[");
    for (int i = 0; i < 10; i++) {
        pie_buf_add_text(&text, i != 0 ? ",[1" : "[1");
        for (int j = 0; j < 200; j++)
            pie_buf_add_text(&text, ",1");
        pie_buf_add_text(&text, "]");
    }
    pie_buf_add_text(&text,
                     "]},{\"id\":\"a/c\",\"img_json\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}]");
    assert_int_equal(pie_catalog_parse(&pie_mem_libc, pie_buf_slice(&text), 0, &c), APIPIE_OK);
    assert_int_equal(pie_catalog_count(c), 2);
    need_warnings(c, 2);
    assert_string_equal(pie_catalog_warning(c, 0),
                        "row 1, a/b: img_json: there are too many prices");
    assert_int_equal(pie_catalog_price(c, 0, 1, 1, 0, NULL), APIPIE_DOLLAR);
    assert_int_equal(pie_catalog_price(c, 1, 1, 1, 0, NULL), APIPIE_UNKNOWN);
    pie_catalog_drop(c);
    pie_buf_free(&text);
}

static void hostile_rows_end(void **state)
{
    struct pie_buf text;
    struct apipie_catalog *c = NULL;
    (void)state;
    pie_buf_init(&text, &pie_mem_libc, 1 << 24);
    pie_buf_add_text(&text, "[{\"id\":\"a/b\"}");
    for (int i = 0; i < 300000; i++)
        pie_buf_add_text(&text, ",{\"id\":\"a/b\"}");
    pie_buf_add_text(&text, "]");
    assert_int_equal(pie_catalog_parse(&pie_mem_libc, pie_buf_slice(&text), 0, &c), APIPIE_OK);
    assert_int_equal(pie_catalog_count(c), 200000);
    need_warnings(c, 1);
    assert_string_equal(pie_catalog_warning(c, 0), "row 200001: dropped, like all that follow: "
                                                   "there are too many models");
    pie_catalog_drop(c);
    pie_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_record_is_typed),
        cmocka_unit_test(strange_questions_get_nothing),
        cmocka_unit_test(odd_types_are_understood),
        cmocka_unit_test(prices_are_found_in_any_shape),
        cmocka_unit_test(rows_are_named),
        cmocka_unit_test(bad_rows_are_dropped_with_a_reason),
        cmocka_unit_test(prices_by_token_have_two_units),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(lists_come_in_two_shapes),
        cmocka_unit_test(a_cut_keeps_what_came),
        cmocka_unit_test(warnings_end),
        cmocka_unit_test(ten_thousand_models),
        cmocka_unit_test(hostile_prices_end),
        cmocka_unit_test(hostile_rows_end),
    };
    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
