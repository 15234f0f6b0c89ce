/* SPDX-License-Identifier: MIT */
/* Knows what no line of a log may hold; no test. */
#include "diary.h"

#include <stdio.h>
#include <string.h>

void diary_open(struct diary *y)
{
    memset(y, 0, sizeof *y);
    pthread_mutex_init(&y->lock, NULL);
}

void diary_free(void *user)
{
    ((struct diary *)user)->freed++;
}

static int diary_is_utf8(const unsigned char *p)
{
    while (*p) {
        size_t n = *p < 0x80 ? 1 : *p >= 0xC2 && *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
        if (*p >= 0x80 && *p < 0xC2)
            return 0;
        for (size_t i = 1; i < n; i++)
            if ((p[i] & 0xC0) != 0x80)
                return 0;
        p += n;
    }
    return 1;
}

static const char *diary_what_is_odd(const struct diary *y, const char *line)
{
    if (y->freed)
        return "a line after the end";
    if (strlen(line) >= 512)
        return "too long";
    if (!diary_is_utf8((const unsigned char *)line))
        return "no UTF-8";
    for (const char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return "a control byte";
    if (strstr(line, "0123456789abcdef") || strstr(line, "tok_0123") || strstr(line, "pie-0123"))
        return "the key";
    if (strstr(line, SECRET) || strstr(line, "s3cr"))
        return "a query";
    return strncmp(line, "request ", 8) == 0 ? NULL : "no number";
}

void diary_log(void *user, int32_t level, const char *line)
{
    struct diary *y = user;
    pthread_mutex_lock(&y->lock);
    const char *odd = diary_what_is_odd(y, line);
    y->odd = odd ? odd : y->odd;
    if (y->count < DIARY_LINES) {
        snprintf(y->lines[y->count], sizeof y->lines[0], "%s", line);
        y->levels[y->count] = level;
        y->count++;
    } else {
        y->odd = "too many lines";
    }
    apipie_request *cancels = y->cancels;
    y->cancels = NULL;
    pthread_mutex_unlock(&y->lock);
    apipie_request_cancel(cancels);
}

void diary_keep(struct draw *d, struct diary *y, int32_t level)
{
    diary_open(y);
    assert_status(apipie_client_set_log(d->client, level, diary_log, y, diary_free), APIPIE_OK);
}

static void diary_show(const struct diary *y)
{
    for (int32_t i = 0; i < y->count; i++)
        print_error("%d %s\n", (int)y->levels[i], y->lines[i]);
}

static int32_t diary_lines_of(const struct diary *y, int32_t level, const char *piece)
{
    int32_t n = 0;
    for (int32_t i = 0; i < y->count; i++)
        n += y->levels[i] == level && strstr(y->lines[i], piece) != NULL;
    return n;
}

void diary_assert_lines(const struct diary *y, int32_t level, const char *piece, int32_t want,
                        const char *file, int line)
{
    if (y->odd) {
        print_error("%s\n", y->odd);
        diary_show(y);
        _fail(file, line);
    }
    if (diary_lines_of(y, level, piece) == want)
        return;
    print_error("%d lines of level %d with \"%s\" instead of %d\n",
                (int)diary_lines_of(y, level, piece), (int)level, piece, (int)want);
    diary_show(y);
    _fail(file, line);
}

void diary_assert_before(const struct diary *y, const char *a, const char *b)
{
    for (int32_t i = 0; i < y->count; i++) {
        if (strstr(y->lines[i], a))
            return;
        if (strstr(y->lines[i], b))
            break;
    }
    diary_show(y);
    fail_msg("%s does not come before %s", a, b);
}

void diary_assert_nowhere(const struct diary *y, const char *piece)
{
    for (int32_t level = 0; level <= APIPIE_LOG_PROMPT; level++)
        assert_lines(y, level, piece, 0);
}
