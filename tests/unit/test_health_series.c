/* SPDX-License-Identifier: MIT */
/* The early warning on recorded series: real calls of the client against the sandbox, on a machine with other work to do. Each file says
 * how it was recorded and from which call on something happens (0: nothing does). What docs/health.md says of them is what comes out
 * here. Knows lib/meter alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "meter/meter.h"

#define T0   INT64_C(1700000040000)
#define MOST 1000

static const char *folder;

struct recorded {
    int32_t event, count;
    struct pie_window_call calls[MOST];
};

static void read_series(const char *name, struct recorded *ret)
{
    char line[512];
    char path[1024];
    memset(ret, 0, sizeof(*ret));
    snprintf(path, sizeof(path), "%s/%s.tsv", folder, name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        print_error("%s is missing\n", path);
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL && ret->count < MOST) {
        struct pie_window_call *c = &ret->calls[ret->count];
        char *at = line;
        if (strncmp(line, "# event\t", 8) == 0)
            ret->event = (int32_t)strtol(line + 8, NULL, 10);
        if (line[0] == '#')
            continue;
        c->at_ms = T0 + strtoll(at, &at, 10);
        c->good = (int32_t)strtol(at, &at, 10);
        c->took_ms = strtoll(at, &at, 10);
        assert_int_equal(*at, '\n');
        ret->count++;
    }
    fclose(f);
}

/* What the rule made of it. Calls after the event are counted from it on; 0: it did not come to that. */
struct seen {
    int32_t quiet;                  /* calls before the event, or all */
    int32_t false_warnings, worse;  /* among these: warnings, and states that became worse */
    int32_t warned, degraded, down; /* the first of each after it */
    int32_t warnings_after;         /* all of them */
    int64_t baseline_ms;            /* at the end of the quiet part */
};

static void first_of(int32_t *at, int32_t is, int32_t n)
{
    if (*at == 0 && is)
        *at = n;
}

static void replay(const struct recorded *s, struct seen *ret)
{
    struct pie_health h;
    struct seen n = {.quiet = s->event != 0 ? s->event : s->count};
    pie_health_init(&h, T0);
    for (int32_t i = 0; i < s->count; i++) {
        int32_t state = h.state;
        int32_t before = h.warning;
        int32_t quiet = h.quiet;
        const struct pie_window_call *c = &s->calls[i];
        pie_health_call(&h, c->at_ms, c->good, c->good ? c->took_ms : APIPIE_UNKNOWN);
        int32_t warned =
            h.warning != APIPIE_HEALTH_WARNING_NONE && (before != h.warning || quiet >= h.quiet);
        if (i < n.quiet) {
            n.false_warnings += warned;
            n.worse += h.state > state && h.state >= APIPIE_HEALTH_DEGRADED;
            n.baseline_ms = pie_trend_baseline(&h.trend);
            continue;
        }
        n.warnings_after += warned;
        first_of(&n.warned, warned, i - n.quiet + 1);
        first_of(&n.degraded, h.state == APIPIE_HEALTH_DEGRADED, i - n.quiet + 1);
        first_of(&n.down, h.state == APIPIE_HEALTH_DOWN, i - n.quiet + 1);
    }
    *ret = n;
}

/* What came out when docs/health.md was written: the files do not change, so a rule that does shows here. */
static const struct {
    const char *name;
    struct seen seen;
} all_series[] = {
    {"calm", {700, 0, 0, 0, 0, 0, 0, 33}},          {"builds", {700, 4, 0, 0, 0, 0, 0, 113}},
    {"crowded", {700, 6, 1, 0, 0, 0, 0, 84}},       {"busy", {700, 10, 0, 0, 0, 0, 0, 62}},
    {"sizes", {700, 0, 0, 0, 0, 0, 0, 42}},         {"ramp", {200, 0, 0, 8, 38, 0, 8, 33}},
    {"ramp_busy", {200, 0, 0, 7, 46, 0, 8, 40}},    {"sudden", {200, 1, 0, 5, 11, 0, 2, 54}},
    {"load", {200, 0, 0, 13, 87, 0, 17, 33}},       {"failing", {200, 0, 0, 40, 43, 100, 1, 33}},
    {"failing_2", {200, 0, 0, 34, 38, 131, 1, 33}}, {"failing_3", {200, 0, 0, 27, 30, 85, 2, 33}},
    {"bursts", {200, 0, 0, 2, 7, 3, 6, 33}},
};

/* Other processors round otherwise. */
static int32_t is_near(int32_t got, int32_t want, int32_t by)
{
    return (got == 0) == (want == 0) && got - want <= by && want - got <= by;
}

static int32_t is_as(const struct seen *n, const struct seen *want)
{
    int32_t first = n->degraded != 0 ? n->degraded : n->down;
    if (n->down != 0 && n->down < first)
        first = n->down;
    return n->quiet == want->quiet && n->false_warnings <= want->false_warnings + 2 &&
           n->worse <= want->worse && is_near(n->warned, want->warned, 3) &&
           is_near(n->degraded, want->degraded, 5) && is_near(n->down, want->down, 5) &&
           (first == 0 || (n->warned != 0 && n->warned < first));
}

static void recorded_series(void **state)
{
    static struct recorded s;
    struct seen n;
    int32_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(all_series); i++) {
        read_series(all_series[i].name, &s);
        replay(&s, &n);
        print_message(
            "%-10s %d quiet calls, usual %d ms: %d warnings, %d times worse; then warned at "
            "%d, degraded at %d, down at %d, %d warnings\n",
            all_series[i].name, n.quiet, (int)n.baseline_ms, n.false_warnings, n.worse, n.warned,
            n.degraded, n.down, n.warnings_after);
        wrong += !is_as(&n, &all_series[i].seen);
    }
    assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_series)};
    folder = argc > 1 ? argv[1] : "tests/unit/series";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
