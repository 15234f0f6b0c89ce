/* SPDX-License-Identifier: MIT */
/* From the text that says when to the moment that is meant. */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include <stdint.h>

#define CLI_MOMENT_WANTS                                                                           \
    "a date as 2026-11-01 or a time as 2026-11-01T12:00:00Z, both UTC, or an age as 36h, 7d, 4w"

/* 0 when it is none, or lies before 1970. "2026-11-01" is the moment at which that day begins, UTC; "2026-11-01T12:00",
 * "...:30", "...:30.5", "...Z", "...+02:00" (UTC where no zone is said; a blank may stand for T); an age is a whole number of
 * min, h, d or w before now_ms. *ret_ms: milliseconds since 1970. */
int cli_moment_read(const char *text, int64_t now_ms, int64_t *ret_ms);
/* The clock's moment. */
int64_t cli_moment_now(void);
/* "2026-11-01T12:00:00Z", with ".250" where there are milliseconds: what cli_moment_read() takes. Before 1970: "". */
#define CLI_MOMENT_TEXT 40
void cli_moment_text(int64_t ms, char text[CLI_MOMENT_TEXT]);

#endif
