/* SPDX-License-Identifier: MIT */
/* The lines of a file, a pipe or a terminal, as they come; only what has not been asked for yet is held. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stddef.h>
#include <stdint.h>

#define CLI_LINE_MAX ((size_t)2 << 20) /* bytes, without the line's end */

struct cli_lines {
    int file;
    char *bytes;
    size_t from, seen, to, room; /* of bytes: the next line begins, no line end before, the end */
    int64_t number;              /* of the line given last, from 1 */
    int64_t offset;              /* in the file, of bytes[from] */
    int64_t begin;               /* in the file, of the line given last */
    int too_long;                /* the rest of the line is dropped */
    int ended, problem;          /* problem: an errno */
    int is_open;                 /* the line given last had no end */
};

enum cli_lines_state {
    CLI_LINES_LINE,
    CLI_LINES_TOO_LONG, /* longer than CLI_LINE_MAX: its text is gone */
    CLI_LINES_WANT,     /* call cli_lines_fill() when the file can be read */
    CLI_LINES_END
};

/* file stays the caller's. */
void cli_lines_begin(struct cli_lines *lines, int file);
/* The line without its end ("\n" or "\r\n") and with a NUL; it lives until cli_lines_fill(). */
enum cli_lines_state cli_lines_next(struct cli_lines *lines, char **ret, size_t *ret_size);
/* Reads once. Sets ended, and problem when it failed. */
void cli_lines_fill(struct cli_lines *lines);
/* 1 when cli_lines_fill() would not wait, after at most so many milliseconds. */
int cli_lines_ready(const struct cli_lines *lines, int timeout_ms);
void cli_lines_free(struct cli_lines *lines);

#endif
