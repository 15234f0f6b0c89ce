/* SPDX-License-Identifier: MIT */
/* Knows how lines are cut out of what a descriptor gives; not what they say. */
#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)65536)

void cli_lines_begin(struct cli_lines *lines, int file)
{
    memset(lines, 0, sizeof *lines);
    lines->file = file;
}

static void take(struct cli_lines *l, size_t n)
{
    l->from += n;
    l->offset += (int64_t)n;
}

/* A line of n bytes, behind which `end` bytes belong to it too. */
static enum cli_lines_state give(struct cli_lines *l, size_t n, size_t end, char **ret,
                                 size_t *ret_size)
{
    char *line = l->bytes + l->from;
    int too_long = l->too_long || n > CLI_LINE_MAX;

    l->number++;
    l->is_open = end == 0;
    l->begin = l->offset;
    take(l, n + end);
    l->seen = l->from;
    l->too_long = 0;
    if (too_long)
        return CLI_LINES_TOO_LONG;
    if (n > 0 && line[n - 1] == '\r')
        n--;
    line[n] = '\0';
    *ret = line;
    *ret_size = n;
    return CLI_LINES_LINE;
}

enum cli_lines_state cli_lines_next(struct cli_lines *l, char **ret, size_t *ret_size)
{
    const char *end = l->bytes == NULL ? NULL : memchr(l->bytes + l->seen, '\n', l->to - l->seen);
    size_t n = l->to - l->from;

    if (end != NULL)
        return give(l, (size_t)(end - l->bytes) - l->from, 1, ret, ret_size);
    l->seen = l->to;
    if (l->ended)
        return n > 0 || l->too_long ? give(l, n, 0, ret, ret_size) : CLI_LINES_END;
    if (n > CLI_LINE_MAX) {
        take(l, n);
        l->too_long = 1;
    }
    return CLI_LINES_WANT;
}

/* A chunk and a NUL fit behind what is there. */
static int make_room(struct cli_lines *l)
{
    size_t n = l->to - l->from;
    char *more;

    if (n > 0 && l->from > 0)
        memmove(l->bytes, l->bytes + l->from, n);
    l->seen -= l->from;
    l->to = n;
    l->from = 0;
    if (n + CHUNK + 1 <= l->room)
        return 1;
    more = realloc(l->bytes, n * 2 + CHUNK + 1);
    if (more == NULL)
        return 0;
    l->bytes = more;
    l->room = n * 2 + CHUNK + 1;
    return 1;
}

void cli_lines_fill(struct cli_lines *l)
{
    ssize_t got;

    if (!make_room(l)) {
        l->problem = ENOMEM;
        l->ended = 1;
        return;
    }
    got = read(l->file, l->bytes + l->to, CHUNK);
    if (got > 0) {
        l->to += (size_t)got;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) {
        l->problem = got == 0 ? 0 : errno;
        l->ended = 1;
    }
}

int cli_lines_ready(const struct cli_lines *l, int timeout_ms)
{
    struct pollfd waiting = {l->file, POLLIN, 0};

    return poll(&waiting, 1, timeout_ms) > 0;
}

void cli_lines_free(struct cli_lines *lines)
{
    free(lines->bytes);
    lines->bytes = NULL;
}
