/* SPDX-License-Identifier: MIT */
/* Knows how JSON is written, always valid and safe to show; not what is said in it. */
#include "json_out.h"

#include <inttypes.h>

#include <apipie/apipie.h>

#include "text.h"

static void put_character(FILE *out, const char *text, size_t length, int32_t character)
{
    if (character < 0)
        (void)fputs("\\ufffd", out);
    else if (character == '"' || character == '\\')
        (void)fprintf(out, "\\%c", (char)character);
    else if (character == '\n')
        (void)fputs("\\n", out);
    else if (cli_text_steers(character))
        (void)fprintf(out, "\\u%04x", (unsigned)character);
    else
        (void)fwrite(text, 1, length, out);
}

static void put_text(FILE *out, const char *text)
{
    (void)fputc('"', out);
    while (*text != '\0') {
        size_t length;
        int32_t character = cli_text_next(text, &length);

        put_character(out, text, length, character);
        text += length;
    }
    (void)fputc('"', out);
}

static void begin_member(struct cli_json *j, const char *key)
{
    if (j->comma)
        (void)fputc(',', j->out);
    j->comma = 1;
    if (key != NULL) {
        put_text(j->out, key);
        (void)fputc(':', j->out);
    }
}

void cli_json_open(struct cli_json *j, const char *key, char bracket)
{
    begin_member(j, key);
    (void)fputc(bracket, j->out);
    j->comma = 0;
}

void cli_json_close(struct cli_json *j, char bracket)
{
    (void)fputc(bracket, j->out);
    j->comma = 1;
}

void cli_json_text(struct cli_json *j, const char *key, const char *text)
{
    begin_member(j, key);
    if (text == NULL)
        (void)fputs("null", j->out);
    else
        put_text(j->out, text);
}

/* What steers a terminal stands in texts alone, but for line ends and tabs between values. */
void cli_json_value(struct cli_json *j, const char *key, const char *json)
{
    begin_member(j, key);
    while (*json != '\0') {
        size_t length;
        int32_t character = cli_text_next(json, &length);

        if (character >= 0 && character < 0x20)
            (void)fputc(' ', j->out);
        else if (character < 0 || cli_text_steers(character))
            put_character(j->out, json, length, character);
        else
            (void)fwrite(json, 1, length, j->out);
        json += length;
    }
}

void cli_json_number(struct cli_json *j, const char *key, int64_t number)
{
    begin_member(j, key);
    if (number < 0)
        (void)fputs("null", j->out);
    else
        (void)fprintf(j->out, "%" PRId64, number);
}

void cli_json_unsigned(struct cli_json *j, const char *key, uint64_t number)
{
    begin_member(j, key);
    (void)fprintf(j->out, "%" PRIu64, number);
}

void cli_json_raw(struct cli_json *j, const char *key, const char *json)
{
    begin_member(j, key);
    (void)fputs(json == NULL ? "null" : json, j->out);
}

void cli_json_flag(struct cli_json *j, const char *key, int flag)
{
    begin_member(j, key);
    (void)fputs(flag ? "true" : "false", j->out);
}

void cli_json_money(struct cli_json *j, const char *key, int64_t picodollars)
{
    char amount[32];

    if (apipie_money_format(picodollars, amount, sizeof amount) != APIPIE_OK || amount[0] == '\0')
        cli_json_text(j, key, NULL);
    else
        cli_json_text(j, key, amount);
}
