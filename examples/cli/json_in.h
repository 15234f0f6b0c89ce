/* SPDX-License-Identifier: MIT */
/* Reads JSON without changing it: every value stays the text that was written, so that a 64-bit seed or an
 * extra field goes on to the last digit. (jansson, which the library reads replies with, keeps numbers as signed
 * 64-bit integers and doubles.) */
#ifndef CLI_JSON_IN_H
#define CLI_JSON_IN_H

#include <stddef.h>

enum cli_json_kind {
    CLI_JSON_NULL,
    CLI_JSON_FALSE,
    CLI_JSON_TRUE,
    CLI_JSON_NUMBER,
    CLI_JSON_TEXT,
    CLI_JSON_ARRAY,
    CLI_JSON_OBJECT
};

struct cli_json_value {
    enum cli_json_kind kind;
    const char *at; /* its text, quotes and brackets included */
    size_t n;
};

/* The one value of a text, by the letter of RFC 8259, valid UTF-8, at most 64 deep. text[n] must be readable and no
 * continuation byte of UTF-8 (NUL). NULL when it is good, else what is wrong, and ret->at is where. */
const char *cli_json_read(const char *text, size_t n, struct cli_json_value *ret);

/* The walk over an object or array that cli_json_read() found good. */
struct cli_json_walk {
    const char *at, *end;
};

void cli_json_walk(struct cli_json_walk *walk, const struct cli_json_value *value);
/* 0 at the end. ret_key is filled for an object. */
int cli_json_next(struct cli_json_walk *walk, struct cli_json_value *ret_key,
                  struct cli_json_value *ret);

/* A text without quotes and escapes, ends with NUL; out has room for value->n bytes. The length: less than strlen() says
 * when it holds U+0000. */
size_t cli_json_decode(const struct cli_json_value *value, char *out);
/* 1 when the value is a text that reads so. */
int cli_json_is(const struct cli_json_value *value, const char *text);

#endif
