/* SPDX-License-Identifier: MIT */
/* Writes one JSON value to a stream. */
#ifndef CLI_JSON_OUT_H
#define CLI_JSON_OUT_H

#include <stdint.h>
#include <stdio.h>

struct cli_json {
    FILE *out;
    int comma; /* the next member needs one before it */
};

/* key is NULL for a member of an array, or the value itself. */
void cli_json_open(struct cli_json *j, const char *key, char bracket);
void cli_json_close(struct cli_json *j, char bracket);
void cli_json_text(struct cli_json *j, const char *key, const char *text); /* NULL: null */
/* A value that is valid JSON already. */
void cli_json_value(struct cli_json *j, const char *key, const char *json);
void cli_json_number(struct cli_json *j, const char *key, int64_t number); /* negative: null */
void cli_json_unsigned(struct cli_json *j, const char *key, uint64_t number);
/* A value that is JSON already; NULL: null. */
void cli_json_raw(struct cli_json *j, const char *key, const char *json);
void cli_json_flag(struct cli_json *j, const char *key, int flag);
/* Picodollars as a decimal string; APIPIE_UNKNOWN: null. */
void cli_json_money(struct cli_json *j, const char *key, int64_t picodollars);

#endif
