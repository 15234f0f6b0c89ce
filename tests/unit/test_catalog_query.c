/* SPDX-License-Identifier: MIT */
/* Catalogues as programs use them: the built-in models, merged, chosen, sorted, grouped, compared; and without memory. */
#include "../support/scarce.h"
#include "catalog/catalog.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct apipie_catalog *parse(const char *text)
{
    struct apipie_catalog *c = NULL;
    if (pie_catalog_parse(&pie_mem_libc, pie_slice_text(text), 7, &c) != APIPIE_OK)
        fail_msg("not parsed: %s", text);
    return c;
}

static struct apipie_catalog *built_in(void)
{
    struct apipie_catalog *c = NULL;
    assert_int_equal(pie_catalog_built_in(&pie_mem_libc, &c), APIPIE_OK);
    return c;
}

static void need_text(const struct apipie_catalog *c, size_t i, int32_t field, const char *text)
{
    const char *got = pie_catalog_text(c, i, field);
    if (text == NULL ? got != NULL : got == NULL || strcmp(got, text) != 0)
        fail_msg("row %zu, field %d: '%s' is not '%s'", i, field, got != NULL ? got : "(null)",
                 text != NULL ? text : "(null)");
}

/* Names of all rows: "a b c". */
static void need_names(const struct apipie_catalog *c, const char *names)
{
    char got[400] = "";
    size_t n = 0;
    for (size_t i = 0; i < apipie_catalog_count(c); i++)
        n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s", i != 0 ? " " : "",
                              apipie_catalog_text(c, i, APIPIE_MODEL_NAME));
    assert_string_equal(got, names);
}

/* ---- the built-in table */

static void every_built_in_row_is_complete(void **state)
{
    static const int32_t texts[] = {
        APIPIE_MODEL_ID,       APIPIE_MODEL_PROVIDER, APIPIE_MODEL_NAME,   APIPIE_MODEL_DESCRIPTION,
        APIPIE_MODEL_BEST_FOR, APIPIE_MODEL_FAMILY,   APIPIE_MODEL_SERIES, APIPIE_MODEL_SPECIALITY};
    (void)state;
    struct apipie_catalog *c = built_in();
    assert_int_equal(pie_catalog_count(c), 82);
    assert_int_equal(pie_model_count, 82);
    assert_int_equal(pie_catalog_fetched(c), APIPIE_UNKNOWN);
    for (size_t i = 0; i < 82; i++) {
        for (size_t k = 0; k < PIE_COUNT(texts); k++)
            assert_non_null(pie_catalog_text(c, i, texts[k]));
        need_text(c, i, APIPIE_MODEL_TYPE, "image");
        int64_t side = pie_catalog_number(c, i, APIPIE_MODEL_WIDTH);
        assert_int_equal(pie_catalog_number(c, i, APIPIE_MODEL_HEIGHT), side);
        const char *family = pie_catalog_text(c, i, APIPIE_MODEL_FAMILY);
        assert_int_equal(side, strcmp(family, "SDXL") == 0     ? 1024
                               : strcmp(family, "SD 2.x") == 0 ? 768
                                                               : 512);
        int edits = strcmp(pie_catalog_text(c, i, APIPIE_MODEL_SPECIALITY), "inpainting") == 0;
        assert_int_equal(pie_catalog_number(c, i, APIPIE_MODEL_EDITS), edits);
        assert_int_equal(pie_catalog_number(c, i, APIPIE_MODEL_LIVE), 0);
        assert_int_equal(pie_catalog_number(c, i, APIPIE_MODEL_BUILT_IN), 1);
        assert_int_equal(pie_catalog_number(c, i, APIPIE_MODEL_PRICE), APIPIE_UNKNOWN);
        assert_int_equal(pie_catalog_text(c, i, APIPIE_MODEL_LICENSE) != NULL,
                         pie_catalog_text(c, i, APIPIE_MODEL_LICENSE_URL) != NULL);
        assert_null(pie_catalog_json(c, i).p);
    }
    pie_catalog_drop(c);
}

static void need_model(const struct apipie_catalog *c, const char *name, const char *family,
                       const char *series, const char *version, const char *speciality,
                       const char *license)
{
    int64_t at = pie_catalog_find(c, pie_slice(NULL, 0), pie_slice_text(name));
    if (at == APIPIE_UNKNOWN)
        fail_msg("no %s", name);
    need_text(c, (size_t)at, APIPIE_MODEL_FAMILY, family);
    need_text(c, (size_t)at, APIPIE_MODEL_SERIES, series);
    need_text(c, (size_t)at, APIPIE_MODEL_VERSION, version);
    need_text(c, (size_t)at, APIPIE_MODEL_SPECIALITY, speciality);
    need_text(c, (size_t)at, APIPIE_MODEL_LICENSE, license);
}

static void built_in_rows_say_what_follows_from_their_names(void **state)
{
    static const char open[] = "CreativeML Open RAIL-M";
    (void)state;
    struct apipie_catalog *c = built_in();
    need_model(c, "dreamshaper_6BakedVae", "SD 1.x", "DreamShaper", "6", "general", open);
    need_model(c, "dreamshaper_8", "SD 1.x", "DreamShaper", "8", "general", open);
    need_model(c, "Realistic_Vision_V1.4", "SD 1.x", "Realistic Vision", "1.4", "realistic", open);
    need_model(c, "prodia/Realistic_Vision_V5.1", "SD 1.x", "Realistic Vision", "5.1", "realistic",
               open);
    need_model(c, "childrensStories_v13D", "SD 1.x", "Children's Stories", "1 3D", "children's",
               open);
    need_model(c, "anything-v4.5-pruned", "SD 1.x", "Anything", "4.5", "general", open);
    need_model(c, "meinamix_meinaV11", "SD 1.x", "MeinaMix", "11", "artistic", open);
    need_model(c, "absolutereality_v181", "SD 1.x", "AbsoluteReality", "1.8.1", "realistic", open);
    need_model(c, "elldreths-vivid-mix", "SD 1.x", "Elldreth's Vivid Mix", NULL, "artistic", open);
    need_model(c, "v1-5-inpainting", "SD 1.x", "Stable Diffusion", "1.5", "inpainting", open);
    need_model(c, "dreamlike-photoreal-2.0", "SD 1.x", "Dreamlike Photoreal", "2.0", "realistic",
               NULL);
    need_model(c, "epicphotogasm_xPlusPlus", "SD 1.x", "Epic Photogasm", "X++", "realistic", open);
    need_model(c, "animagineXLV3_v30", "SDXL", "Animagine XL", "3.0", "anime", NULL);
    need_model(c, "stable-diffusion-2-1", "SD 2.x", "Stable Diffusion", "2.1", "general", NULL);
    assert_int_equal(
        pie_catalog_find(c, pie_slice_text("bedrock"), pie_slice_text("sd_xl_base_1.0")),
        APIPIE_UNKNOWN);
    pie_catalog_drop(c);
}

/* ---- merged */

static const char live_list[] =
    "[{\"id\":\"new\",\"provider\":\"openai\",\"avg_cost\":-1},"
    "{\"id\":\"prodia/"
    "dreamshaper_8\",\"model\":\"dreamshaper_8\",\"provider\":\"Prodia\",\"description\":\"live\","
    "\"enabled\":1,\"img_json\":{\"1024x1024\":0.01}},"
    "{\"id\":\"x\",\"model\":\"dreamshaper_8\",\"provider\":\"prodia\",\"price_type\":\"image\","
    "\"avg_cost\":2}]";

static void live_is_laid_over_built_in(void **state)
{
    (void)state;
    struct apipie_catalog *base = built_in();
    struct apipie_catalog *live = parse(live_list);
    struct apipie_catalog *c = NULL;
    assert_int_equal(pie_catalog_merge(&pie_mem_libc, base, live, &c), APIPIE_OK);
    pie_catalog_drop(base);
    pie_catalog_drop(live);
    assert_int_equal(pie_catalog_count(c), 84);
    assert_int_equal(pie_catalog_fetched(c), 7);
    assert_int_equal(pie_catalog_warning_count(c), 1);
    assert_string_equal(pie_catalog_warning(c, 0), "row 1, new: avg_cost: refused: is negative");
    assert_int_equal(pie_catalog_number(c, 0, APIPIE_MODEL_BUILT_IN), 0);
    assert_int_equal(pie_catalog_number(c, 0, APIPIE_MODEL_LIVE), 1);
    need_text(c, 0, APIPIE_MODEL_FAMILY, NULL);
    need_text(c, 1, APIPIE_MODEL_DESCRIPTION, "live");
    need_text(c, 1, APIPIE_MODEL_PROVIDER, "Prodia");
    need_text(c, 1, APIPIE_MODEL_FAMILY, "SD 1.x");
    need_text(c, 2, APIPIE_MODEL_DESCRIPTION, "Latest dreamshaper");
    assert_int_equal(pie_catalog_number(c, 1, APIPIE_MODEL_WIDTH), 512);
    assert_int_equal(pie_catalog_number(c, 1, APIPIE_MODEL_LIVE), 1);
    assert_int_equal(pie_catalog_number(c, 1, APIPIE_MODEL_BUILT_IN), 1);
    assert_int_equal(pie_catalog_price(c, 1, 1024, 1024, 0, NULL), APIPIE_DOLLAR / 100);
    assert_int_equal(pie_catalog_price(c, 2, 1024, 1024, 0, NULL), 2 * APIPIE_DOLLAR);
    assert_non_null(strstr(pie_catalog_json(c, 1).p, "{\"1024x1024\":0.01}"));
    need_text(c, 3, APIPIE_MODEL_NAME, "3Guofeng3_v34");
    assert_int_equal(pie_catalog_number(c, 3, APIPIE_MODEL_LIVE), 0);
    assert_int_equal(pie_catalog_number(c, 3, APIPIE_MODEL_ENABLED), APIPIE_UNKNOWN);
    assert_null(pie_catalog_json(c, 3).p);
    pie_catalog_drop(c);
}

static void either_side_may_be_missing(void **state)
{
    (void)state;
    struct apipie_catalog *base = built_in();
    struct apipie_catalog *live = parse(live_list);
    struct apipie_catalog *c = NULL;
    assert_int_equal(pie_catalog_merge(&pie_mem_libc, base, NULL, &c), APIPIE_OK);
    assert_int_equal(pie_catalog_count(c), 82);
    assert_int_equal(pie_catalog_fetched(c), APIPIE_UNKNOWN);
    pie_catalog_drop(c);
    /* a selection goes in its own order, with its own prices */
    struct apipie_catalog *turned = apipie_catalog_sort(live, APIPIE_MODEL_PRICE, 1);
    assert_int_equal(pie_catalog_merge(&pie_mem_libc, NULL, turned, &c), APIPIE_OK);
    need_names(c, "dreamshaper_8 dreamshaper_8 new");
    assert_int_equal(pie_catalog_price(c, 0, 9, 9, 0, NULL), 2 * APIPIE_DOLLAR);
    pie_catalog_drop(c);
    pie_catalog_drop(turned);
    assert_int_equal(pie_catalog_merge(&pie_mem_libc, NULL, NULL, &c), APIPIE_OK);
    assert_int_equal(pie_catalog_count(c), 0);
    pie_catalog_drop(c);
    pie_catalog_drop(live);
    pie_catalog_drop(base);
}

/* ---- chosen */

static const char query_list[] =
    "[{\"id\":\"p/c\",\"type\":\"image\",\"query_count\":5,\"description\":\"B\"},"
    "{\"id\":\"q/a\",\"type\":\"IMAGE\",\"query_count\":null,\"description\":\"a\"},"
    "{\"id\":\"p/d\",\"type\":\"llm\",\"query_count\":0},"
    "{\"id\":\"P/b\",\"type\":null,\"query_count\":\"1,000\",\"description\":\"b\"},"
    "{\"id\":\"p/e\",\"type\":\"image\",\"query_count\":5}]";

static void where_chooses(void **state)
{
    (void)state;
    struct apipie_catalog *all = parse(query_list);
    struct apipie_catalog *c = apipie_catalog_where_text(all, APIPIE_MODEL_TYPE, "Image");
    need_names(c, "c a e");
    struct apipie_catalog *d = apipie_catalog_where_number(c, APIPIE_MODEL_QUERY_COUNT, 5, 5);
    need_names(d, "c e");
    apipie_catalog_unref(c);
    apipie_catalog_unref(all);
    need_names(d, "c e"); /* the records live as long as a selection */
    c = apipie_catalog_where_number(d, APIPIE_MODEL_QUERY_COUNT, 6, APIPIE_UNKNOWN);
    need_names(c, "");
    assert_int_equal(apipie_catalog_count(c), 0);
    assert_null(apipie_catalog_group(c, APIPIE_MODEL_TYPE, 0, NULL));
    apipie_catalog_unref(c);
    apipie_catalog_unref(d);
    all = parse(query_list);
    c = apipie_catalog_where_text(all, APIPIE_MODEL_TYPE, NULL);
    need_names(c, "b");
    apipie_catalog_unref(c);
    c = apipie_catalog_where_number(all, APIPIE_MODEL_QUERY_COUNT, APIPIE_UNKNOWN, 5);
    need_names(c, "c d e");
    apipie_catalog_unref(c);
    c = apipie_catalog_where_text(all, APIPIE_MODEL_TYPE, "");
    need_names(c, "");
    apipie_catalog_unref(c);
    assert_null(apipie_catalog_where_text(all, APIPIE_MODEL_PRICE, "1"));
    assert_null(apipie_catalog_where_text(all, 0, "1"));
    assert_null(apipie_catalog_where_number(all, APIPIE_MODEL_TYPE, 0, 1));
    assert_null(apipie_catalog_where_text(NULL, APIPIE_MODEL_TYPE, "1"));
    apipie_catalog_unref(all);
}

static void need_sorted(apipie_catalog *all, int32_t field, int32_t descending, const char *names)
{
    apipie_catalog *c = apipie_catalog_sort(all, field, descending);
    need_names(c, names);
    apipie_catalog_unref(c);
}

static void sort_is_stable_and_knows_the_unknown(void **state)
{
    (void)state;
    struct apipie_catalog *all = parse(query_list);
    need_sorted(all, APIPIE_MODEL_NAME, 0, "a b c d e");
    need_sorted(all, APIPIE_MODEL_NAME, 1, "e d c b a");
    need_sorted(all, APIPIE_MODEL_QUERY_COUNT, 0, "d c e b a");
    need_sorted(all, APIPIE_MODEL_QUERY_COUNT, 1, "b c e d a");
    need_sorted(all, APIPIE_MODEL_DESCRIPTION, 0, "a c b d e");
    need_sorted(all, APIPIE_MODEL_DESCRIPTION, 1, "b c a d e");
    need_sorted(all, APIPIE_MODEL_PRICE, 1, "c a d b e");
    assert_null(apipie_catalog_sort(all, 77, 0));
    assert_null(apipie_catalog_sort(all, APIPIE_MODEL_NAME, 2));
    assert_null(apipie_catalog_sort(NULL, APIPIE_MODEL_NAME, 0));
    apipie_catalog_unref(all);
}

static void need_group(apipie_catalog *all, int32_t field, size_t n, const char *value,
                       const char *names)
{
    const char *got = "untouched";
    apipie_catalog *c = apipie_catalog_group(all, field, n, &got);
    need_names(c, names);
    if (value == NULL)
        assert_null(got);
    else
        assert_string_equal(got, value);
    apipie_catalog_unref(c);
}

static void groups_come_in_the_order_of_appearance(void **state)
{
    const char *value = "untouched";
    (void)state;
    struct apipie_catalog *all = parse(query_list);
    need_group(all, APIPIE_MODEL_PROVIDER, 0, "p", "c d b e");
    need_group(all, APIPIE_MODEL_PROVIDER, 1, "q", "a");
    need_group(all, APIPIE_MODEL_TYPE, 0, "image", "c a e");
    need_group(all, APIPIE_MODEL_TYPE, 1, "llm", "d");
    need_group(all, APIPIE_MODEL_TYPE, 2, NULL, "b");
    need_group(all, APIPIE_MODEL_QUERY_COUNT, 0, NULL, "c e");
    need_group(all, APIPIE_MODEL_QUERY_COUNT, 1, NULL, "a");
    assert_null(apipie_catalog_group(all, APIPIE_MODEL_TYPE, 3, &value));
    assert_null(apipie_catalog_group(all, 0, 0, &value));
    assert_null(apipie_catalog_group(NULL, APIPIE_MODEL_TYPE, 0, &value));
    assert_string_equal(value, "untouched");
    apipie_catalog_unref(all);
    struct apipie_catalog *c = built_in();
    size_t n = 0, rows = 0;
    for (apipie_catalog *g; (g = apipie_catalog_group(c, APIPIE_MODEL_SERIES, n, NULL)) != NULL;
         n++) {
        rows += apipie_catalog_count(g);
        apipie_catalog_unref(g);
    }
    assert_int_equal(rows, 82);
    assert_true(n > 40 && n < 70);
    pie_catalog_drop(c);
}

/* ---- compared */

static void note(void *user, int32_t kind, const char *provider, const char *model, int64_t before,
                 int64_t after)
{
    char *text = user;
    size_t n = strlen(text);
    snprintf(text + n, 1000 - n, "%d %s/%s %lld %lld\n", kind, provider, model, (long long)before,
             (long long)after);
}

static void need_diff(const char *older, const char *newer, const char *changes)
{
    char got[1000] = "";
    struct apipie_catalog *a = older != NULL ? parse(older) : NULL;
    struct apipie_catalog *b = newer != NULL ? parse(newer) : NULL;
    assert_int_equal(apipie_catalog_diff(a, b, note, got), APIPIE_OK);
    assert_string_equal(got, changes);
    pie_catalog_drop(a);
    pie_catalog_drop(b);
}

#define PRICED(price) "[{\"id\":\"p/a\",\"img_json\":{\"1024x1024\":" price "}}]"

static void diff_tells_what_changed(void **state)
{
    (void)state;
    need_diff(NULL, NULL, "");
    need_diff(query_list, query_list, "");
    need_diff("[{\"id\":\"p/b\"},{\"id\":\"p/a\"}]",
              "[{\"id\":\"P/c\"},{\"id\":\"o/z\"},{\"id\":\"p/a\"}]",
              "1 o/z -1 -1\n2 p/b -1 -1\n1 P/c -1 -1\n");
    need_diff(NULL, PRICED("0.000000000001"), "1 p/a -1 1\n");
    need_diff(PRICED("0.000000000002"), NULL, "2 p/a 2 -1\n");
    need_diff(PRICED("0.000000000001"), PRICED("0.000000000002"), "3 p/a 1 2\n");
    need_diff(PRICED("0.000000000002"), PRICED("0.000000000001"), "4 p/a 2 1\n");
    need_diff(PRICED("0.02"), PRICED("\"0.0200\""), "");
    need_diff(PRICED("null"), PRICED("0.0200"), "");
    need_diff("[{\"id\":\"p/a\",\"img_json\":{\"1024x1024\":1,\"512x512\":3e-12}}]",
              "[{\"id\":\"p/a\",\"img_json\":{\"512x512\":2e-12,\"1024x1024\":1}}]", "4 p/a 3 2\n");
    need_diff("[{\"id\":\"p/a\",\"input_cost\":1e-12,\"output_cost\":5e-12}]",
              "[{\"id\":\"p/a\",\"input_cost\":1e-12,\"output_cost\":7e-12}]", "3 p/a 5 7\n");
    need_diff("[{\"id\":\"p/a\",\"enabled\":1,\"available\":1}]",
              "[{\"id\":\"p/a\",\"enabled\":1,\"available\":0}]", "5 p/a 1 0\n");
    need_diff("[{\"id\":\"p/a\",\"enabled\":0}]",
              "[{\"id\":\"p/a\",\"enabled\":1,\"available\":null}]", "5 p/a 0 1\n");
    need_diff("[{\"id\":\"p/a\"}]", "[{\"id\":\"p/a\",\"enabled\":1}]", "");
    need_diff("[{\"id\":\"p/a\"},{\"id\":\"p/a\"}]", "[{\"id\":\"p/a\"}]", "2 p/a -1 -1\n");
    assert_int_equal(apipie_catalog_diff(NULL, NULL, NULL, NULL), APIPIE_E_ARGUMENT);
}

/* ---- memory */

/* Everything once; APIPIE_OK or the first failure. */
static apipie_status live_a_life(const struct pie_mem *mem, const char *text)
{
    struct apipie_catalog *base = NULL, *live = NULL, *c = NULL, *sorted = NULL, *group = NULL;
    char got[1000] = "";
    apipie_status status = pie_catalog_built_in(mem, &base);
    if (status == APIPIE_OK)
        status = pie_catalog_parse(mem, pie_slice_text(text), 0, &live);
    if (status == APIPIE_OK)
        status = pie_catalog_merge(mem, base, live, &c);
    if (status == APIPIE_OK)
        status = pie_catalog_sort(c, APIPIE_MODEL_PRICE, 0, &sorted);
    if (status == APIPIE_OK)
        status = pie_catalog_group(sorted, APIPIE_MODEL_FAMILY, 0, &group);
    if (status == APIPIE_OK)
        status = pie_catalog_diff(live, group, note, got);
    pie_catalog_drop(base);
    pie_catalog_drop(live);
    pie_catalog_drop(c);
    pie_catalog_drop(sorted);
    pie_catalog_drop(group);
    return status;
}

static void no_allocation_is_needed_twice(void **state)
{
    static const char text[] =
        "{\"data\":[7,{\"id\":\"p/"
        "a\",\"avg_cost\":-1,\"img_json\":\"{\\\"hd\\\":{\\\"1x1\\\":-5}}\"},"
        "{\"id\":\"prodia/dreamshaper_8\",\"price_type\":\"image\",\"avg_cost\":1},{\"id\":";
    int64_t blocks = 0;
    apipie_status status = APIPIE_E_MEMORY;
    (void)state;
    for (; status != APIPIE_OK && blocks < 1000; blocks++) {
        struct scarce scarce = {0};
        struct pie_mem mem = SCARCE_MEM(&scarce);
        scarce_give(&scarce, blocks);
        status = live_a_life(&mem, text);
        if (status != APIPIE_OK)
            assert_int_equal(status, APIPIE_E_MEMORY);
        assert_int_equal(scarce.alive, 0);
    }
    assert_int_equal(status, APIPIE_OK);
    assert_in_range(blocks, 30, 200);
}

struct owner {
    struct scarce memory;
    int32_t gone;
};

static void let_go(void *user)
{
    struct owner *o = user;
    assert_int_equal(o->memory.alive, 0); /* the last block went before */
    o->gone++;
}

static void the_owner_goes_last(void **state)
{
    struct owner owner = {{0}, 0};
    struct pie_mem mem = SCARCE_MEM(&owner.memory);
    struct apipie_catalog *c = NULL;
    (void)state;
    assert_int_equal(pie_catalog_built_in(&mem, &c), APIPIE_OK);
    pie_catalog_own(c, let_go, &owner);
    memset(&mem, 0, sizeof(mem)); /* it has a copy */
    struct apipie_catalog *some = apipie_catalog_where_text(c, APIPIE_MODEL_FAMILY, "sdxl");
    assert_int_equal(apipie_catalog_count(some), 14);
    apipie_catalog_ref(some);
    pie_catalog_drop(c);
    apipie_catalog_unref(some);
    assert_int_equal(owner.gone, 0);
    need_text(some, 0, APIPIE_MODEL_NAME, "animagineXLV3_v30");
    apipie_catalog_unref(some);
    assert_int_equal(owner.gone, 1);
}

static void it_outlives_its_client(void **state)
{
    (void)state;
    apipie_client *client = apipie_client_new(NULL);
    apipie_catalog *c = apipie_catalog_new(client);
    apipie_client_unref(client);
    assert_int_equal(apipie_catalog_count(c), 82);
    assert_int_equal(apipie_catalog_find(c, "Prodia", "sd_xl_base_1.0"), 70);
    assert_int_equal(apipie_catalog_find(c, NULL, NULL), APIPIE_UNKNOWN);
    apipie_catalog *xl = apipie_catalog_where_text(c, APIPIE_MODEL_FAMILY, "SDXL");
    assert_null(apipie_catalog_unref(c));
    assert_int_equal(apipie_catalog_count(xl), 14);
    assert_null(apipie_catalog_unref(xl));
    assert_null(apipie_catalog_new(NULL));
    assert_null(apipie_catalog_unref(NULL));
    assert_null(apipie_catalog_ref(NULL));
    assert_int_equal(apipie_catalog_count(NULL), 0);
}

/* ---- threads */

#define CROWD 4

static void *crowd_main(void *user)
{
    apipie_catalog *all = user;
    for (size_t i = 0; i < 300; i++) {
        apipie_catalog *sorted = apipie_catalog_sort(all, APIPIE_MODEL_NAME, i % 2 != 0);
        apipie_catalog *group = apipie_catalog_group(sorted, APIPIE_MODEL_SPECIALITY, i % 6, NULL);
        apipie_catalog *own = apipie_catalog_ref(all);
        apipie_catalog_unref(sorted);
        if (apipie_catalog_count(group) == 0 ||
            apipie_catalog_number(own, 0, APIPIE_MODEL_EDITS) != 0)
            return user;
        apipie_catalog_unref(own);
        apipie_catalog_unref(group);
    }
    apipie_catalog_unref(all);
    return NULL;
}

static void threads_share_one(void **state)
{
    pthread_t threads[CROWD];
    (void)state;
    apipie_client *client = apipie_client_new(NULL);
    apipie_catalog *all = apipie_catalog_new(client);
    apipie_client_unref(client);
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, apipie_catalog_ref(all)), 0);
    apipie_catalog_unref(all);
    for (size_t i = 0; i < CROWD; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_built_in_row_is_complete),
        cmocka_unit_test(built_in_rows_say_what_follows_from_their_names),
        cmocka_unit_test(live_is_laid_over_built_in),
        cmocka_unit_test(either_side_may_be_missing),
        cmocka_unit_test(where_chooses),
        cmocka_unit_test(sort_is_stable_and_knows_the_unknown),
        cmocka_unit_test(groups_come_in_the_order_of_appearance),
        cmocka_unit_test(diff_tells_what_changed),
        cmocka_unit_test(no_allocation_is_needed_twice),
        cmocka_unit_test(the_owner_goes_last),
        cmocka_unit_test(it_outlives_its_client),
        cmocka_unit_test(threads_share_one),
    };
    return cmocka_run_group_tests_name("catalog_query", tests, NULL, NULL);
}
