/* SPDX-License-Identifier: MIT */
/* Health between two runs: what a file brings back, what is joined with what is known, and what is left of a file that was cut or
 * damaged. Knows lib/meter alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "../support/scarce.h"
#include "meter/meter.h"

#define MINUTE INT64_C(60000)
#define T0     INT64_C(1700000040000)
#define ROOM   65536

static char folder[] = "/tmp/apipie-health-XXXXXX";
static char path[64];
static struct scarce scarce;
static const struct pie_mem mem = SCARCE_MEM(&scarce);

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/health", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int64_t call(struct pie_health_table *t, const char *provider, const char *model, int64_t at,
                    const char *calls)
{
    struct pie_health_place *p = pie_health_table_route(t, "apipie", provider, model, at);
    for (; *calls != '\0'; calls++, at += 1000)
        pie_health_table_call(t, p, at, *calls != '-',
                              *calls == '+'   ? 4000
                              : *calls == 's' ? 4400
                                              : -1);
    return at;
}

static const char *group_of(const char *provider, const char *model)
{
    (void)provider;
    return strcmp(model, "sdxl") == 0 ? "SDXL" : NULL;
}

static struct pie_health_table *table(void)
{
    struct pie_health_table *t = pie_health_table_new(&mem);
    assert_non_null(t);
    pie_health_table_groups(t, group_of);
    return t;
}

static void save(struct pie_health_table *t, int64_t at)
{
    const char *reason = NULL;
    struct apipie_health *s = pie_health_take(t, &mem, at);
    assert_int_equal(pie_health_save(s, path, &reason), APIPIE_OK);
    pie_health_free(s);
}

static void load(struct pie_health_table *t, int64_t at)
{
    int32_t what = 0;
    const char *reason = NULL;
    assert_int_equal(pie_health_table_load(t, path, at, &what, &reason), APIPIE_OK);
}

static size_t read_file(char text[ROOM])
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, ROOM - 1, f);
    fclose(f);
    text[n] = '\0';
    return n;
}

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

/* All that a snapshot shows, as text. */
static void show(struct pie_health_table *t, int64_t at, char *out, size_t room)
{
    struct apipie_health *s = pie_health_take(t, &mem, at);
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < s->count; i++) {
        const struct pie_health_row *r = &s->rows[i];
        const struct pie_health_view *v = &r->view;
        n += (size_t)snprintf(
            out + n, room - n,
            "%d %s %s %s: %d since %lld warn %d, %d/%d %d p50 %lld of %lld up %d %d %d "
            "listed %d (%s)\n",
            r->scope, r->text[0], r->text[1], r->text[2], v->state, (long long)v->since_ms,
            v->warning, v->window.failed, v->window.calls, v->window.success,
            (long long)v->window.p50_ms, (long long)v->baseline_ms, r->uptime[0], r->uptime[1],
            r->uptime[2], v->listed, v->reason);
        assert_true(n < room);
    }
    pie_health_free(s);
}

/* Of three routes, one of them with a baseline, over two days. */
static struct pie_health_table *two_days(int64_t *ret_end)
{
    static const struct pie_health_fact facts[] = {{"r", "off", NULL, 0}, {"p", "sdxl", NULL, 1}};
    struct pie_health_table *t = table();
    int32_t what = 0;
    call(t, "p", "sdxl", T0 - 2 * 1440 * MINUTE, "++++s-ss+++++++++++++++++");
    int64_t at = call(t, "p", "sdxl", T0, "+++++s-s");
    call(t, "p", "slow", T0, "++ss");
    call(t, "q", "", T0, "o---");
    const struct pie_health_said said = {"apipie", facts, 2, T0};
    assert_int_equal(pie_health_table_listed(t, &said, NULL, at, &what), APIPIE_OK);
    *ret_end = at;
    return t;
}

static void all_comes_back(void **state)
{
    (void)state;
    char before[ROOM];
    char after[ROOM];
    struct stat st;
    int64_t at = 0;
    struct pie_health_table *a = two_days(&at);
    struct pie_health_table *b = table();
    save(a, at);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    load(b, at);
    show(a, at, before, sizeof(before));
    show(b, at, after, sizeof(after));
    assert_string_equal(after, before);
    assert_non_null(strstr(before, "p sdxl: 1"));
    assert_non_null(strstr(before, "the last 3 failed"));
    assert_non_null(strstr(before, "lists it as not available"));
    /* And it goes on as if nothing had been: the same calls, the same states. */
    at = call(a, "p", "sdxl", at, "sssss--");
    call(b, "p", "sdxl", at - 7000, "sssss--");
    show(a, at, before, sizeof(before));
    show(b, at, after, sizeof(after));
    assert_string_equal(after, before);
    /* An hour later it still says what was. */
    show(b, at + 60 * MINUTE, after, sizeof(after));
    assert_non_null(strstr(after, "no call in the last 15 minutes, before that down"));
    pie_health_table_free(a);
    pie_health_table_free(b);
    b = table();
    load(b, at + 60 * MINUTE);
    show(b, at + 60 * MINUTE, after, sizeof(after));
    assert_non_null(strstr(after, "no call in the last 15 minutes, before that down"));
    pie_health_table_free(b);
}

static void twice_is_once(void **state)
{
    (void)state;
    char first[ROOM];
    char second[ROOM];
    int64_t at = 0;
    struct pie_health_table *t = two_days(&at);
    save(t, at);
    read_file(first);
    load(t, at); /* into the one that it is of */
    load(t, at);
    save(t, at);
    read_file(second);
    assert_string_equal(second, first);
    pie_health_table_free(t);
    t = table();
    load(t, at + MINUTE);
    save(t, at + MINUTE);
    read_file(first);
    load(t, at + MINUTE);
    save(t, at + MINUTE);
    read_file(second);
    assert_string_equal(second, first);
    pie_health_table_free(t);
}

/* Two processes, at the same time; a third one reads both. */
static void two_are_joined(void **state)
{
    (void)state;
    char text[ROOM];
    struct pie_health_table *a = table();
    struct pie_health_table *b = table();
    call(a, "p", "m", T0,
         "++++++++++++++++++++++++++++++"); /* 30: its baseline is the better fed */
    call(b, "p", "m", T0 + 500, "ssss");
    call(b, "p", "m", T0 + 10 * MINUTE, "s-");
    call(b, "p", "other", T0, "+");
    save(b, T0 + 10 * MINUTE + 2000);
    load(a, T0 + 10 * MINUTE + 2000);
    show(a, T0 + 10 * MINUTE + 2000, text, sizeof(text));
    assert_non_null(strstr(text, "p other: 1"));
    assert_non_null(strstr(text, "1/20"));         /* the latest twenty of all, with its failure */
    assert_non_null(strstr(text, " of 4000 up ")); /* the baseline of a */
    assert_non_null(strstr(text, "up 750 "));      /* a minute up, one half */
    pie_health_table_free(a);
    /* The other way round: the file's is the better fed one, and own later calls are not lost for it. */
    a = table();
    call(a, "p", "m", T0, "+++++++++++++++++++");
    save(a, T0 + 20000);
    pie_health_table_free(b);
    b = table();
    call(b, "p", "m", T0 + 30000, "+");
    load(b, T0 + 40000);
    show(b, T0 + 40000, text, sizeof(text));
    assert_non_null(strstr(text, " of 4000 up "));
    pie_health_table_free(a);
    pie_health_table_free(b);
}

/* Whoever saw the later call knows the state. */
static void the_later_one_is_right(void **state)
{
    (void)state;
    struct pie_health_table *a = table();
    struct pie_health_table *b = table();
    call(a, "p", "m", T0, "---");
    call(b, "p", "m", T0 + 60000, "++++++++");
    save(a, T0 + 5000);
    load(b, T0 + 70000);
    assert_int_equal(pie_health_table_state(b, NULL, "p", "m", T0 + 70000), APIPIE_HEALTH_HEALTHY);
    save(b, T0 + 70000);
    load(a, T0 + 70000);
    assert_int_equal(pie_health_table_state(a, NULL, "p", "m", T0 + 70000), APIPIE_HEALTH_HEALTHY);
    pie_health_table_free(a);
    pie_health_table_free(b);
}

static void the_future_is_none(void **state)
{
    (void)state;
    char text[ROOM];
    int64_t late = T0 + 4000 * MINUTE;
    struct pie_health_table *a = table();
    struct pie_health_table *b = table();
    call(a, "p", "m", T0, "++");
    call(a, "p", "m", late, "---");
    call(a, "p", "never", late, "---");
    save(a, late + 3000);
    load(b, T0 + 5000); /* the clock was wrong, then */
    show(b, T0 + 5000, text, sizeof(text));
    assert_null(strstr(text, ": 3 "));
    assert_non_null(strstr(text, "0/2"));
    assert_non_null(strstr(text, "up 1000 1000 1000"));
    call(b, "p", "m", T0 + 60000, "-++");
    show(b, T0 + 63000, text, sizeof(text));
    assert_non_null(strstr(text, "1/5"));
    assert_non_null(strstr(text, "up 750 750 750")); /* minutes are counted again */
    load(b, T0 + 63000);
    show(b, T0 + 63000, text, sizeof(text));
    assert_non_null(strstr(text, "1/5"));
    pie_health_table_free(a);
    pie_health_table_free(b);
}

/* The breaker of a new process is closed. */
static void a_rest_is_not_kept(void **state)
{
    (void)state;
    struct pie_health_gate gate = {1, 60000, INT64_MIN};
    struct pie_health_table *a = table();
    struct pie_health_table *b = table();
    int64_t at = call(a, "p", "m", T0, "--");
    struct pie_health_place *p = pie_health_table_route(a, "apipie", "p", "m", at);
    pie_health_table_gate(a, p, &gate, 0, at);
    save(a, at);
    load(b, at);
    assert_int_equal(pie_health_table_open(b, "p", "m", 0), 0);
    assert_int_equal(pie_health_table_state(b, NULL, "p", "m", at), APIPIE_HEALTH_DOWN);
    call(b, "p", "m", at, "+++");
    assert_int_equal(pie_health_table_state(b, NULL, "p", "m", at + 3000), APIPIE_HEALTH_DEGRADED);
    pie_health_table_free(a);
    pie_health_table_free(b);
}

/* ---- files that are not whole */

static size_t count_after(const char *text, size_t n, int64_t at, int32_t *ret_status)
{
    int32_t what = 0;
    const char *reason = NULL;
    struct pie_health_table *t = pie_health_table_new(&mem);
    write_file(text, n);
    *ret_status = pie_health_table_load(t, path, at, &what, &reason);
    struct apipie_health *s = pie_health_take(t, &mem, at);
    size_t rows = s->count;
    pie_health_free(s);
    pie_health_table_free(t);
    return rows;
}

static void cut_and_damaged_at_every_byte(void **state)
{
    (void)state;
    char text[ROOM];
    int64_t at = 0;
    int32_t status = 0;
    struct pie_health_table *t = two_days(&at);
    save(t, at);
    pie_health_table_free(t);
    size_t n = read_file(text);
    size_t first = strlen("apipie-health 1\n");
    size_t whole = count_after(text, n, at, &status);
    size_t before = 0;
    assert_int_equal(whole, 8); /* SDXL, p, its two, q, its one, r, its one */
    for (size_t i = 0; i <= n; i++) {
        size_t rows = count_after(text, i, at, &status);
        assert_int_equal(status, APIPIE_OK);
        assert_in_range(rows, before, before + 2); /* a route brings its provider */
        before = rows;
    }
    assert_int_equal(before, whole);
    for (size_t i = 0; i < n; i += 5) {
        text[i] = (char)(text[i] ^ 1);
        size_t rows = count_after(text, n, at, &status);
        assert_int_equal(status, i < first ? APIPIE_E_FILE : APIPIE_OK);
        assert_in_range(rows, i < first ? 0 : whole - 3, i < first ? 0 : whole);
        text[i] = (char)(text[i] ^ 1);
    }
}

/* Lines whose checksum is right, and which say what cannot be. */
static const char *const odd[] = {
    "[]",
    "{}",
    "{\"scope\":\"house\",\"backend\":\"a\",\"provider\":\"p\",\"model\":\"m\"}",
    "{\"scope\":\"route\",\"backend\":\"a\",\"provider\":7,\"model\":\"m\"}",
#define ODD_HEAD(state, since)                                                                     \
    "{\"scope\":\"route\",\"backend\":\"a\",\"provider\":\"p\",\"model\":\"m\",\"state\":\"" state \
    "\",\"own\":\"healthy\",\"since_ms\":" since ",\"good_ms\":-1,\"good_run\":1,\"bad_run\":0,"   \
    "\"warning\":0,\"quiet\":0,\"slow\":0,"
#define ODD_USUAL                                                                                  \
    "\"usual\":{\"fed\":1,\"first\":[4000],\"rate_ppm\":0,\"errors_ppm\":0,\"times_ppm\":0},"
    ODD_HEAD("fine", "1") "\"calls\":[]," ODD_USUAL "\"minute\":0,\"minutes\":\"\"}",
    ODD_HEAD("down", "-5") "\"calls\":[]," ODD_USUAL "\"minute\":0,\"minutes\":\"\"}",
    ODD_HEAD("down", "1") "\"calls\":[[1,2,3]]," ODD_USUAL "\"minute\":0,\"minutes\":\"\"}",
    ODD_HEAD("down", "1") "\"calls\":[[1,1]]," ODD_USUAL "\"minute\":0,\"minutes\":\"\"}",
    ODD_HEAD("down", "1") "\"calls\":[[9223372036854775807,1,3]]," ODD_USUAL
                          "\"minute\":0,\"minutes\":\"\"}",
    ODD_HEAD("down", "1") "\"calls\":[]," ODD_USUAL "\"minute\":5,\"minutes\":\"0u\"}",
    ODD_HEAD("down", "1") "\"calls\":[]," ODD_USUAL "\"minute\":5,\"minutes\":\"20000u\"}",
    ODD_HEAD("down", "1") "\"calls\":[]," ODD_USUAL
                          "\"minute\":5,\"minutes\":\"99999999999999999999u\"}",
    ODD_HEAD("down", "1") "\"calls\":[]," ODD_USUAL "\"minute\":5,\"minutes\":\"9000u9000d\"}",
    ODD_HEAD("down", "1") "\"calls\":[]," ODD_USUAL "\"minute\":5,\"minutes\":\"9\"}",
    ODD_HEAD("down", "1") "\"calls\":[]," ODD_USUAL "\"minute\":5,\"minutes\":\"9x\"}",
    ODD_HEAD("down", "1") "\"calls\":[]," ODD_USUAL
                          "\"minute\":9223372036854775807,\"minutes\":\"9u\"}",
    ODD_HEAD("down", "1") "\"calls\":[],\"usual\":{},\"minute\":0,\"minutes\":\"\"}",
    ODD_HEAD("down", "1") "\"listed\":{\"usable\":7},\"calls\":[]," ODD_USUAL
                          "\"minute\":0,\"minutes\":\"\"}",
};
static const char fine[] =
    ODD_HEAD("down", "1") "\"calls\":[[1,1,3]]," ODD_USUAL "\"minute\":5,\"minutes\":\"9u3 2d1b\"}";

static size_t sealed(const char *json, char *out, size_t room)
{
    struct pie_hash h;
    char hash[PIE_HASH_TEXT];
    pie_hash_init(&h);
    pie_hash_add(&h, json, strlen(json));
    pie_hash_text(&h, hash);
    return (size_t)snprintf(out, room, "apipie-health 1\n%s %s\n", hash, json);
}

static void odd_lines(void **state)
{
    (void)state;
    char text[4096];
    int32_t status = 0;
    for (size_t i = 0; i < PIE_COUNT(odd); i++) {
        size_t rows = count_after(text, sealed(odd[i], text, sizeof(text)), T0, &status);
        if (rows != 0)
            print_error("%s\n", odd[i]);
        assert_int_equal(rows, 0);
        assert_int_equal(status, APIPIE_OK);
    }
    assert_int_equal(count_after(text, sealed(fine, text, sizeof(text)), T0, &status), 2);
    assert_int_equal(count_after("apipie-stats 1\n", 15, T0, &status), 0);
    assert_int_equal(status, APIPIE_E_FILE);
}

static void without_memory(void **state)
{
    (void)state;
    int64_t at = 0;
    int32_t what = 0;
    int32_t failed = 0;
    const char *reason = NULL;
    struct pie_health_table *t = two_days(&at);
    save(t, at);
    for (int32_t i = 0;; i++) {
        struct pie_health_table *b = pie_health_table_new(&mem);
        scarce_give(&scarce, i);
        apipie_status status = pie_health_table_load(b, path, at, &what, &reason);
        scarce_give_all(&scarce);
        if (status == APIPIE_OK) {
            pie_health_table_free(b);
            break;
        }
        failed++;
        assert_int_equal(status, APIPIE_E_MEMORY);
        assert_int_equal(pie_health_table_state(b, NULL, "q", "", at), APIPIE_HEALTH_UNKNOWN);
        pie_health_table_free(b);
    }
    assert_true(failed > 10);
    struct apipie_health *s = pie_health_take(t, &mem, at);
    scarce_give(&scarce, 1);
    assert_int_equal(pie_health_save(s, path, &reason), APIPIE_E_MEMORY);
    scarce_give_all(&scarce);
    pie_health_free(s);
    pie_health_table_free(t);
    assert_int_equal(scarce.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_comes_back),
        cmocka_unit_test(twice_is_once),
        cmocka_unit_test(two_are_joined),
        cmocka_unit_test(the_later_one_is_right),
        cmocka_unit_test(the_future_is_none),
        cmocka_unit_test(a_rest_is_not_kept),
        cmocka_unit_test(odd_lines),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(cut_and_damaged_at_every_byte),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
