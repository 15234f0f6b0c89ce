/* SPDX-License-Identifier: MIT */
/* Knows how lists and choices are made for a test, and asks them by name. */
#include "choose_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct apipie_catalog *world_list(const char *json)
{
    struct apipie_catalog *c = NULL;
    assert_int_equal(pie_catalog_parse(&pie_mem_libc, pie_slice_text(json), APIPIE_UNKNOWN, &c),
                     APIPIE_OK);
    assert_int_equal(pie_catalog_warning_count(c), 0);
    return c;
}

struct apipie_catalog *world_built_in(void)
{
    struct apipie_catalog *c = NULL;
    assert_int_equal(pie_catalog_built_in(&pie_mem_libc, &c), APIPIE_OK);
    return c;
}

struct apipie_catalog *world_merged(const char *json)
{
    struct apipie_catalog *c = NULL;
    struct apipie_catalog *live = world_list(json);
    struct apipie_catalog *built_in = world_built_in();
    assert_int_equal(pie_catalog_merge(&pie_mem_libc, built_in, live, &c), APIPIE_OK);
    pie_catalog_drop(live);
    pie_catalog_drop(built_in);
    return c;
}

struct apipie_choice *world_choose(struct apipie_catalog *c, const struct pie_own *own, size_t n,
                                   const struct apipie_need *need)
{
    struct apipie_choice *choice = NULL;
    const struct pie_owns owns = {own, n};
    assert_int_equal(pie_choose(c, owns, need != NULL ? need : &pie_need_any, &choice), APIPIE_OK);
    assert_int_equal(pie_choice_count(choice) + pie_choice_rejected(choice), pie_catalog_count(c));
    return choice;
}

const char *world_name(const struct apipie_choice *choice, size_t rank)
{
    return pie_choice_text(choice, pie_choice_index(choice, rank), APIPIE_MODEL_NAME);
}

int64_t world_rank(const struct apipie_choice *choice, const char *name)
{
    for (size_t i = 0; i < pie_choice_count(choice); i++) {
        if (strcmp(world_name(choice, i), name) == 0)
            return (int64_t)i;
    }
    return -1;
}

const char *world_reason(const struct apipie_choice *choice, const char *name)
{
    static char text[256];
    struct pie_buf out;
    text[0] = '\0';
    for (size_t i = 0; i < pie_choice_rejected(choice); i++) {
        int64_t index = pie_choice_rejected_index(choice, i);
        if (strcmp(pie_choice_text(choice, index, APIPIE_MODEL_NAME), name) != 0)
            continue;
        pie_buf_init(&out, &pie_mem_libc, sizeof(text) - 1);
        pie_choice_reason(choice, i, &out);
        pie_text_copy(pie_buf_slice(&out), text, sizeof(text));
        pie_buf_free(&out);
    }
    return text;
}
