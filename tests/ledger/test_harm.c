/* SPDX-License-Identifier: MIT */
/* Ledgers that something happened to: cut, edited, shrunk, replaced, full disks. */
#include "meter_support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW HOUR(12)

static char *harm_end_of(char *p, size_t n)
{
    size_t start = n - 1;
    while (start != 0 && p[start - 1] != '\n')
        start--;
    return p + start;
}

/* A meter on the cut file counts as `want`, goes on, and so does the one that watched. */
static void harm_check_cut(const struct place *at, struct pie_meter *watcher,
                           struct pie_meter_totals want)
{
    struct pie_meter *m = meter_on(at->path, NOW);
    const size_t lines = file_lines_with(at->path, NULL);
    meter_expect(m, NULL, NOW, want, __FILE__, __LINE__);
    struct pie_meter_hold hold = meter_take(m, NULL, MILLI(50), NOW);
    want.reserved += MILLI(50);
    meter_expect(m, NULL, NOW, want, __FILE__, __LINE__);
    meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(40), NOW);
    pie_meter_free(m);
    assert_int_equal(file_lines_with(at->path, NULL), lines + 2);
    want.reserved = 0;
    want.spent += MILLI(40);
    meter_expect(watcher, NULL, NOW, want, __FILE__, __LINE__);
    m = meter_on(at->path, NOW);
    meter_expect(m, NULL, NOW, want, __FILE__, __LINE__);
    pie_meter_free(m);
}

/* Cuts the last line at every byte. before, after: the totals without it and with it. */
static void harm_cut(const struct place *at, struct pie_meter_totals before,
                     struct pie_meter_totals after)
{
    size_t n = 0;
    char *p = file_read(at->path, &n);
    const size_t start = (size_t)(harm_end_of(p, n) - p);
    assert_in_range(n - start, 100, 600);
    for (size_t cut = start; cut <= n; cut++) {
        /* the watcher was there before the line was begun */
        file_write(at->path, p, start);
        struct pie_meter *watcher = meter_on(at->path, NOW);
        meter_expect(watcher, NULL, NOW, before, __FILE__, __LINE__);
        file_write(at->path, p, cut);
        meter_expect(watcher, NULL, NOW, cut == n ? after : before, __FILE__, __LINE__);
        harm_check_cut(at, watcher, cut >= n - 1 ? after : before);
        pie_meter_free(watcher);
    }
    free(p);
}

static void cut_reserve(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold hold = meter_take(m, "a", MILLI(2), NOW);
    meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(1), NOW);
    meter_take(m, "b", MILLI(4), NOW);
    pie_meter_free(m);
    harm_cut(at, (struct pie_meter_totals){MILLI(1), 0, 0, 0, 0},
             (struct pie_meter_totals){MILLI(1), 0, 0, MILLI(4), 1});
}

static void cut_settle(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold hold = meter_take(m, "a", MILLI(2), NOW);
    meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(1), NOW);
    pie_meter_free(m);
    harm_cut(at, (struct pie_meter_totals){0, 0, 0, MILLI(2), 1},
             (struct pie_meter_totals){MILLI(1), 0, 0, 0, 0});
}

static void cut_resolve(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold hold = meter_take(m, "a", MILLI(2), NOW);
    char id[37];
    memcpy(id, hold.id, sizeof(id));
    meter_settle(m, &hold, APIPIE_BILLED_UNKNOWN, APIPIE_UNKNOWN, NOW);
    pie_meter_resolve(m, id, APIPIE_BILLED_YES, APIPIE_UNKNOWN, NOW);
    pie_meter_free(m);
    harm_cut(at, (struct pie_meter_totals){0, 0, 0, MILLI(2), 1},
             (struct pie_meter_totals){MILLI(2), MILLI(2), 0, 0, 0});
}

/* Lines that somebody else wrote: JSON counts however it is spaced, the rest is passed over. */
static void garbage(void **state)
{
    static const char lines[] =
        "\n\n   \n{}\n[]\nnull\n\"reserve\"\n{\"type\":\"reserve\"}\nnot json\n{{{{\n\xff\xfe\n"
        "{\"type\":\"reserve\",\"id\":\"\",\"time\":\"2024-10-04T10:00:00Z\",\"amount_usd\":\"1\"}"
        "\n"
        "{\"type\":\"reserve\",\"id\":\"no time\",\"amount_usd\":\"1\"}\n"
        "{\"type\":\"reserve\",\"id\":\"bad time\",\"time\":\"2024-13-04\",\"amount_usd\":\"1\"}\n"
        "{\"type\":\"reserve\",\"id\":7,\"time\":\"2024-10-04T10:00:00Z\",\"amount_usd\":\"1\"}\n"
        "{\"type\":\"reserve\",\"id\":\"0123456789012345678901234567890123456789\",\"time\":"
        "\"2024-10-04T10:00:00Z\",\"amount_usd\":\"1\"}\n"
        "{\"type\":\"spend\",\"id\":\"x\",\"time\":\"2024-10-04T10:00:00Z\",\"amount_usd\":\"1\"}\n"
        "{\"type\":\"settle\",\"id\":\"never\",\"billed\":\"yes\",\"cost_usd\":\"1\"}\n"
        /* good ones, by hand */
        "\t{ \"id\" : \"one\", \"amount_usd\" : 0.002 , \"time\" : \"2024-10-04T10:00:00Z\" , "
        "\"type\" : \"reserve\" , \"more\" : {\"a\":[1]} } \r\n"
        "{\"type\":\"reserve\",\"id\":\"one\",\"time\":\"2024-10-04T10:00:00Z\",\"amount_usd\":"
        "\"5\"}\n"
        "{\"type\":\"reserve\",\"id\":\"two\",\"time\":\"2024-10-04T10:00:00Z\",\"tag\":\"t\"}\n"
        "{\"type\":\"reserve\",\"id\":\"three\",\"time\":\"2024-10-04\",\"amount_usd\":\"-3\"}\n"
        "{\"type\":\"reserve\",\"id\":\"four\",\"time\":\"2024-10-04\",\"amount_usd\":\"1e-3\"}\n"
        "{\"type\":\"reserve\",\"id\":\"old\",\"time\":\"2024-10-03\",\"amount_usd\":\"1\"}\n"
        "{\"type\":\"settle\",\"id\":\"four\",\"billed\":\"maybe\",\"cost_usd\":\"1\"}\n"
        "{\"type\":\"settle\",\"id\":\"old\",\"billed\":\"yes\",\"cost_usd\":\"1\"}\n"
        "{\"type\":\"settle\",\"id\":\"two\",\"billed\":\"yes\",\"cost_usd\":\"0.003\","
        "\"estimated\":true}\n"
        "{\"type\":\"settle\",\"id\":\"two\",\"billed\":\"yes\",\"cost_usd\":\"0.003\"}\n"
        "{\"type\":\"settle\",\"id\":\"four\",\"billed\":\"yes\",\"cost_usd\":\"20000\"}\n";
    const struct place *at = *state;
    file_write(at->path, lines, sizeof(lines) - 1);
    struct pie_meter *m = meter_on(at->path, NOW);
    EXPECT_TOTALS(m, NULL, NOW, MILLI(4), MILLI(4), 0, MILLI(2), 2);
    EXPECT_TOTALS(m, "t", NOW, MILLI(3), MILLI(3), 0, 0, 0);
    /* NUL bytes, as a disk leaves them behind after a crash */
    static const char zeros[5000];
    FILE *f = fopen(at->path, "ab");
    assert_int_equal(fwrite(zeros, 1, sizeof(zeros), f), sizeof(zeros));
    fclose(f);
    struct pie_meter_hold hold = meter_take(m, NULL, MILLI(1), NOW);
    meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(1), NOW);
    pie_meter_free(m);
    m = meter_on(at->path, NOW);
    EXPECT_TOTALS(m, NULL, NOW, MILLI(5), MILLI(4), 0, MILLI(2), 2);
    pie_meter_free(m);
}

/* A line may have 65535 bytes and its end; a longer one is passed over, however long, and what follows counts. */
static void long_lines(void **state)
{
    const struct place *at = *state;
    static const size_t lengths[] = {65533,  65534,  65535,  65536,  65537,  65538,
                                     131070, 131071, 131072, 131073, 1000000};
    for (size_t i = 0; i < PIE_COUNT(lengths); i++) {
        static const char head[] = "{\"type\":\"reserve\",\"id\":\"one\",\"time\":\"2024-10-04\","
                                   "\"amount_usd\":\"0.001\",\"provider\":\"";
        const size_t length = lengths[i];
        const int32_t fits = length < 65536;
        char *p = malloc(length + 1);
        assert_non_null(p);
        memset(p, 'x', length);
        memcpy(p, head, sizeof(head) - 1);
        memcpy(p + length - 2, "\"}", 2);
        for (int32_t ended = 0; ended < 2; ended++) {
            p[length] = '\n';
            file_write(at->path, p, length + (ended ? 1 : 0));
            struct pie_meter *m = meter_on(at->path, NOW);
            EXPECT_TOTALS(m, NULL, NOW, 0, 0, 0, fits ? MILLI(1) : 0, fits);
            struct pie_meter_hold hold = meter_take(m, NULL, MILLI(2), NOW);
            struct pie_meter *other = meter_on(at->path, NOW);
            EXPECT_TOTALS(other, NULL, NOW, 0, 0, 0, MILLI(2) + (fits ? MILLI(1) : 0), 1 + fits);
            meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(2), NOW);
            EXPECT_TOTALS(other, NULL, NOW, MILLI(2), 0, 0, fits ? MILLI(1) : 0, fits);
            meter_take(other, NULL, MILLI(5), NOW);
            EXPECT_TOTALS(m, NULL, NOW, MILLI(2), 0, 0, MILLI(5) + (fits ? MILLI(1) : 0), 1 + fits);
            pie_meter_free(other);
            pie_meter_free(m);
        }
        free(p);
    }
}

static void harm_change(const struct place *at, const char *p, size_t n, int32_t replace)
{
    char path[100];
    snprintf(path, sizeof(path), "%s.new", at->path);
    file_write(replace ? path : at->path, p, n);
    if (replace)
        assert_int_equal(rename(path, at->path), 0);
}

/* The end of a line that is too long is no line, whatever it says. */
static void end_of_a_long_line(void **state)
{
    static const char tail[] = "{\"type\":\"reserve\",\"id\":\"one\",\"time\":\"2024-10-04\","
                               "\"amount_usd\":\"0.001\"}\n";
    const struct place *at = *state;
    for (size_t pieces = 1; pieces < 3; pieces++) {
        char *p = malloc(pieces * 65536 + sizeof(tail));
        assert_non_null(p);
        memset(p, ' ', pieces * 65536);
        memcpy(p + pieces * 65536, tail, sizeof(tail));
        file_write(at->path, p, pieces * 65536 + sizeof(tail) - 1);
        struct pie_meter *m = meter_on(at->path, NOW);
        EXPECT_TOTALS(m, NULL, NOW, 0, 0, 0, 0, 0);
        file_append(at->path, tail);
        EXPECT_TOTALS(m, NULL, NOW, 0, 0, 0, MILLI(1), 1);
        pie_meter_free(m);
        free(p);
    }
}

/* Cut short, emptied, rewritten in place, renamed over, removed: what stands there now counts, and what is out. */
static void other_files(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold out = meter_take(m, "t", MILLI(1), NOW);
    struct pie_meter_hold hold = meter_take(m, "t", MILLI(2), NOW);
    meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(2), NOW);
    size_t n = 0;
    char *all = file_read(at->path, &n);
    const size_t two = (size_t)(harm_end_of(all, n) - all);
    char *other = strdup(all);
    memcpy(strstr(strstr(other, "settle"), "0.002"), "0.007", 5);
    for (int32_t replace = 0; replace < 2; replace++) {
        harm_change(at, all, two, replace);
        EXPECT_TOTALS(m, "t", NOW, 0, 0, MILLI(1), MILLI(2), 1);
        harm_change(at, other, n, replace); /* as long, and the end differs */
        EXPECT_TOTALS(m, "t", NOW, MILLI(7), 0, MILLI(1), 0, 0);
        harm_change(at, "", 0, replace);
        EXPECT_TOTALS(m, "t", NOW, 0, 0, MILLI(1), 0, 0);
        hold = meter_take(m, "t", MILLI(4), NOW);
        EXPECT_TOTALS(m, "t", NOW, 0, 0, MILLI(5), 0, 0);
        meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(3), NOW);
        EXPECT_TOTALS(m, "t", NOW, MILLI(3), 0, MILLI(1), 0, 0);
        harm_change(at, all, n, replace);
        EXPECT_TOTALS(m, NULL, NOW, MILLI(2), 0, MILLI(1), 0, 0);
    }
    assert_int_equal(unlink(at->path), 0);
    hold = meter_take(m, "t", MILLI(4), NOW);
    assert_int_equal(file_lines_with(at->path, "reserve"), 1);
    EXPECT_TOTALS(m, NULL, NOW, 0, 0, MILLI(5), 0, 0);
    meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(3), NOW);
    /* what was reserved in the file that went is told the new one with its end */
    meter_settle(m, &out, APIPIE_BILLED_YES, MILLI(1), NOW);
    EXPECT_TOTALS(m, "t", NOW, MILLI(4), 0, 0, 0, 0);
    pie_meter_free(m);
    m = meter_on(at->path, NOW);
    EXPECT_TOTALS(m, "t", NOW, MILLI(4), 0, 0, 0, 0);
    pie_meter_free(m);
    free(other);
    free(all);
}

static void harm_limit(size_t n)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = n != 0 ? (rlim_t)n : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk is full in the middle of a line: no half line stays, nothing is reserved, and an end is told later. */
static void full_disk(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold hold = meter_take(m, "t", MILLI(2), NOW), none;
    size_t n = 0, after = 0;
    free(file_read(at->path, &n));
    signal(SIGXFSZ, SIG_IGN);
    for (size_t room = 0; room <= 120; room += 40) {
        harm_limit(n + room);
        assert_int_equal(meter_try(m, "t", MILLI(1), NOW, &none), APIPIE_E_FILE);
        harm_limit(0);
        free(file_read(at->path, &after));
        assert_int_equal(after, n);
        EXPECT_TOTALS(m, "t", NOW, 0, 0, MILLI(2), 0, 0);
    }
    assert_null(pie_meter_problem(m));
    harm_limit(n + 10);
    assert_int_equal(meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(2), NOW), MILLI(2));
    assert_non_null(pie_meter_problem(m));
    EXPECT_TOTALS(m, "t", NOW, MILLI(2), 0, 0, 0, 0);
    assert_int_equal(meter_try(m, "t", MILLI(1), NOW, &none), APIPIE_E_FILE);
    harm_limit(0);
    signal(SIGXFSZ, SIG_DFL);
    struct pie_meter *other = meter_on(at->path, NOW);
    EXPECT_TOTALS(other, "t", NOW, 0, 0, 0, MILLI(2), 1);
    /* also with an attempt that is refused */
    pie_meter_set_cap(m, "t", MILLI(2));
    assert_int_equal(meter_try(m, "t", MILLI(1), NOW, &none), APIPIE_E_BUDGET);
    assert_null(pie_meter_problem(m));
    EXPECT_TOTALS(other, "t", NOW, MILLI(2), 0, 0, 0, 0);
    pie_meter_free(other);
    pie_meter_free(m);
}

/* So many ends wait that some are lost for the file: memory stays bounded, totals right, the problem told. */
static void much_waits(void **state)
{
    enum { COUNT = 1000 };
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold hold[COUNT];
    size_t n = 0;
    for (int i = 0; i < COUNT; i++)
        hold[i] = meter_take(m, NULL, 1, NOW);
    free(file_read(at->path, &n));
    signal(SIGXFSZ, SIG_IGN);
    harm_limit(n);
    for (int i = 0; i < COUNT; i++)
        meter_settle(m, &hold[i], APIPIE_BILLED_YES, 1, NOW);
    EXPECT_TOTALS(m, NULL, NOW, COUNT, 0, 0, 0, 0);
    harm_limit(0);
    signal(SIGXFSZ, SIG_DFL);
    meter_take(m, NULL, 1, NOW);
    assert_non_null(pie_meter_problem(m));
    assert_in_range(file_lines_with(at->path, "settle"), 200, 600);
    const int64_t written = (int64_t)file_lines_with(at->path, "settle");
    pie_meter_free(m);
    m = meter_on(at->path, NOW);
    EXPECT_TOTALS(m, NULL, NOW, written, 0, 0, COUNT - written + 1, COUNT - written + 1);
    pie_meter_free(m);
}

/* ---- Memory. */

struct counted {
    size_t now, peak;
    size_t left; /* blocks until none is given; SIZE_MAX: never */
};

static void *counted_resize(void *user, void *block, size_t size)
{
    struct counted *c = user;
    size_t *old = block != NULL ? (size_t *)block - 2 : NULL;
    const size_t before = old != NULL ? *old : 0;
    if (c->left == 0)
        return NULL;
    c->left -= c->left != SIZE_MAX;
    size_t *p = realloc(old, size + 2 * sizeof(*p));
    if (p == NULL)
        return NULL;
    *p = size;
    c->now += size - before;
    c->peak = c->now > c->peak ? c->now : c->peak;
    return p + 2;
}

static void *counted_alloc(void *user, size_t size)
{
    return counted_resize(user, NULL, size);
}

static void counted_release(void *user, void *block)
{
    size_t *p = (size_t *)block - 2;
    ((struct counted *)user)->now -= *p;
    free(p);
}

/* Other days, and what is settled, need no memory however much it is. */
static void large_ledger(void **state)
{
    const struct place *at = *state;
    struct counted c = {0, 0, SIZE_MAX};
    const struct pie_mem mem = {&c, counted_alloc, counted_resize, counted_release, NULL};
    const char *reason = NULL;
    struct pie_meter *m = meter_on(at->path, NOW);
    for (int i = 0; i < 4000; i++) {
        const int64_t then = i < 2000 ? HOUR(-48) : NOW;
        struct pie_meter_hold hold = meter_take(m, "t", MILLI(1), then);
        if (i < 1000 || i >= 2000)
            meter_settle(m, &hold, APIPIE_BILLED_YES, 1, then);
    }
    pie_meter_free(m);
    m = pie_meter_new(&mem);
    assert_int_equal(pie_meter_open_ledger(m, at->path, NOW, &reason), APIPIE_OK);
    EXPECT_TOTALS(m, "t", NOW, 2000, 0, 0, 0, 0);
    assert_in_range(c.peak, 60000, 120000);
    pie_meter_free(m);
    assert_int_equal(c.now, 0);
}

/* Tags of days that are over leave nothing behind. */
static void names_of_the_past(void **state)
{
    const struct place *at = *state;
    struct counted c = {0, 0, SIZE_MAX};
    const struct pie_mem mem = {&c, counted_alloc, counted_resize, counted_release, NULL};
    const char *reason = NULL;
    struct pie_meter *m = pie_meter_new(&mem);
    size_t first = 0;
    assert_int_equal(pie_meter_open_ledger(m, at->path, NOW, &reason), APIPIE_OK);
    assert_int_equal(pie_meter_set_cap(m, "kept", MILLI(1)), APIPIE_OK);
    for (int day = 0; day < 20; day++) {
        char tag[32];
        for (int i = 0; i < 50; i++) {
            snprintf(tag, sizeof(tag), "user-%d-%d", day, i);
            struct pie_meter_hold hold = meter_take(m, tag, 1, HOUR(24 * day));
            meter_settle(m, &hold, i % 3, APIPIE_UNKNOWN, HOUR(24 * day));
        }
        first = day == 2 ? c.now : first;
    }
    assert_in_range(c.now, first - 2000, first + 2000);
    struct pie_meter_hold none;
    assert_int_equal(meter_try(m, "kept", MILLI(2), HOUR(24 * 30), &none), APIPIE_E_BUDGET);
    pie_meter_free(m);
    assert_int_equal(c.now, 0);
}

/* Memory ends at each block in turn: a status, no half state, and all is right again afterwards. */
static void no_memory(void **state)
{
    const struct place *at = *state;
    int32_t whole = 0;
    for (size_t left = 0; !whole; left++) {
        struct counted c = {0, 0, SIZE_MAX};
        const struct pie_mem mem = {&c, counted_alloc, counted_resize, counted_release, NULL};
        const char *reason = "";
        struct pie_meter_hold hold, more;
        unlink(at->path);
        struct pie_meter *other = meter_on(at->path, NOW);
        hold = meter_take(other, "o", 4, NOW);
        meter_settle(other, &hold, APIPIE_BILLED_YES, 4, NOW);
        meter_take(other, "o", 5, NOW);
        c.left = left;
        struct pie_meter *m = pie_meter_new(&mem);
        if (m == NULL) {
            pie_meter_free(other);
            assert_int_equal(c.now, 0);
            continue;
        }
        apipie_status status = pie_meter_open_ledger(m, at->path, NOW, &reason);
        if (status == APIPIE_OK) {
            hold = meter_take(other, "p", 6, NOW);
            meter_settle(other, &hold, APIPIE_BILLED_YES, 6, NOW);
            hold = meter_take(other, "p", 7, NOW);
            whole = meter_try(m, "q", 3, NOW, &more) == APIPIE_OK;
            if (more.open)
                meter_settle(m, &more, APIPIE_BILLED_YES, 2, NOW);
            c.left = SIZE_MAX;
            EXPECT_TOTALS(m, NULL, NOW, whole ? 12 : 10, 0, 0, 12, 2);
            EXPECT_TOTALS(other, NULL, NOW, whole ? 12 : 10, 0, 12, 0, 0);
            meter_settle(other, &hold, APIPIE_BILLED_NO, 0, NOW);
        } else {
            assert_int_equal(status, APIPIE_E_MEMORY);
            assert_string_equal(reason, "out of memory");
        }
        pie_meter_free(m);
        pie_meter_free(other);
        assert_int_equal(c.now, 0);
    }
}

/* A second ledger that cannot be read for want of memory: the first one goes on. */
static void no_memory_for_another(void **state)
{
    const struct place *at = *state;
    apipie_status status = APIPIE_E_MEMORY;
    char second[100];
    snprintf(second, sizeof(second), "%s.2", at->path);
    struct pie_meter *writer = meter_on(second, NOW);
    struct pie_meter_hold hold = meter_take(writer, "other", MILLI(7), NOW);
    meter_settle(writer, &hold, APIPIE_BILLED_YES, MILLI(7), NOW);
    pie_meter_free(writer);
    for (size_t left = 0; status != APIPIE_OK; left++) {
        struct counted c = {0, 0, SIZE_MAX};
        const struct pie_mem mem = {&c, counted_alloc, counted_resize, counted_release, NULL};
        const char *reason = NULL;
        unlink(at->path);
        struct pie_meter *m = pie_meter_new(&mem);
        assert_int_equal(pie_meter_open_ledger(m, at->path, NOW, &reason), APIPIE_OK);
        hold = meter_take(m, "t", MILLI(2), NOW);
        meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(2), NOW);
        hold = meter_take(m, "t", MILLI(1), NOW);
        c.left = left;
        status = pie_meter_open_ledger(m, second, NOW, &reason);
        c.left = SIZE_MAX;
        EXPECT_TOTALS(m, NULL, NOW, status == APIPIE_OK ? MILLI(7) : MILLI(2), 0, MILLI(1), 0, 0);
        meter_settle(m, &hold, APIPIE_BILLED_NO, 0, NOW);
        assert_int_equal(file_lines_with(at->path, NULL), status == APIPIE_OK ? 3 : 4);
        pie_meter_free(m);
        assert_int_equal(c.now, 0);
    }
}

int main(void)
{
#define HARM_TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        HARM_TEST(cut_reserve),
        HARM_TEST(cut_settle),
        HARM_TEST(cut_resolve),
        HARM_TEST(garbage),
        HARM_TEST(long_lines),
        HARM_TEST(other_files),
        HARM_TEST(full_disk),
        HARM_TEST(much_waits),
        HARM_TEST(large_ledger),
        HARM_TEST(end_of_a_long_line),
        HARM_TEST(names_of_the_past),
        HARM_TEST(no_memory),
        HARM_TEST(no_memory_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
