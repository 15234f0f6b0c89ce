/* SPDX-License-Identifier: MIT */
/* Knows how the tests of the meter speak; no test stands here. */
#include "meter_support.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

int place_setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -1;
    snprintf(p->folder, sizeof(p->folder), "/tmp/apipie-ledger-XXXXXX");
    if (mkdtemp(p->folder) == NULL) {
        free(p);
        return -1;
    }
    snprintf(p->path, sizeof(p->path), "%s/ledger", p->folder);
    *state = p;
    return 0;
}

int place_teardown(void **state)
{
    struct place *p = *state;
    char path[400];
    DIR *d = opendir(p->folder);
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%.255s", p->folder, e->d_name);
        if (unlink(path) != 0)
            rmdir(path);
    }
    if (d != NULL)
        closedir(d);
    rmdir(p->folder);
    free(p);
    return 0;
}

struct pie_meter *meter_on(const char *path, int64_t now)
{
    struct pie_meter *m = pie_meter_new(&pie_mem_libc);
    const char *reason = "";
    assert_non_null(m);
    if (path != NULL && pie_meter_open_ledger(m, path, now, &reason) != APIPIE_OK)
        fail_msg("%s: %s", path, reason);
    return m;
}

struct pie_meter_ask meter_ask(const char *tag, int64_t estimate, int64_t now)
{
    struct pie_meter_ask ask = {"apipie", "prodia",       "x", tag, 1, 33,
                                estimate, APIPIE_UNKNOWN, 0,   now};
    return ask;
}

apipie_status meter_try(struct pie_meter *m, const char *tag, int64_t estimate, int64_t now,
                        struct pie_meter_hold *ret)
{
    struct pie_meter_ask ask = meter_ask(tag, estimate, now);
    struct apipie_error err;
    memset(ret, 0, sizeof(*ret));
    pie_error_init(&err, &pie_mem_libc);
    apipie_status status = pie_meter_reserve(m, &ask, ret, &err);
    assert_int_equal(ret->open, status == APIPIE_OK);
    assert_int_equal(err.code, status);
    pie_error_free(&err);
    return status;
}

struct pie_meter_hold meter_take(struct pie_meter *m, const char *tag, int64_t estimate,
                                 int64_t now)
{
    struct pie_meter_hold hold;
    assert_int_equal(meter_try(m, tag, estimate, now, &hold), APIPIE_OK);
    return hold;
}

int64_t meter_settle(struct pie_meter *m, struct pie_meter_hold *hold, int32_t billed, int64_t cost,
                     int64_t now)
{
    struct pie_meter_end end = {billed, APIPIE_OUTCOME_DELIVERED, cost, "req-1", now};
    int64_t charge = -7;
    pie_meter_settle(m, hold, &end, &charge);
    assert_int_equal(hold->open, 0);
    return charge;
}

void meter_expect(struct pie_meter *m, const char *tag, int64_t now, struct pie_meter_totals want,
                  const char *file, int line)
{
    struct pie_meter_totals t;
    pie_meter_totals(m, tag, now, &t);
    if (t.spent != want.spent || t.estimated != want.estimated || t.reserved != want.reserved ||
        t.unknown != want.unknown || t.unknown_count != want.unknown_count)
        fail_msg("%s:%d: spent %lld, estimated %lld, reserved %lld, unknown %lld in %lld", file,
                 line, (long long)t.spent, (long long)t.estimated, (long long)t.reserved,
                 (long long)t.unknown, (long long)t.unknown_count);
}

char *file_read(const char *path, size_t *ret_n)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    char *p = malloc((size_t)st.st_size + 1);
    assert_non_null(p);
    *ret_n = fread(p, 1, (size_t)st.st_size, f);
    p[*ret_n] = '\0';
    fclose(f);
    return p;
}

static void file_put(const char *path, const char *mode, const char *p, size_t n)
{
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

void file_write(const char *path, const char *p, size_t n)
{
    file_put(path, "wb", p, n);
}

void file_append(const char *path, const char *text)
{
    file_put(path, "ab", text, strlen(text));
}

size_t file_lines_with(const char *path, const char *text)
{
    size_t n = 0, count = 0;
    char *p = file_read(path, &n);
    for (char *line = p; line < p + n;) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        count += text == NULL || strstr(line, text) != NULL;
        line = end != NULL ? end + 1 : p + n;
    }
    free(p);
    return count;
}
