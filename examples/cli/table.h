/* SPDX-License-Identifier: MIT */
/* Cells of a table for a terminal: each is a blank and then exactly so many columns. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Left; what is too long ends with "~". NULL: "-". A negative width: at most so many, for the last one of a line. */
void cli_table_text(const char *text, int width);
/* Who served a row, as --route names it: the provider, and before it a backend that is not the gateway. Text or provider. */
const char *cli_table_where(const char *backend, const char *provider, char *text, size_t room);
/* "provider/name" */
void cli_table_model(const char *provider, const char *name, int width);
/* Right; APIPIE_UNKNOWN: "-". */
void cli_table_number(int64_t number, int width);
void cli_table_money(int64_t picodollars, int width); /* at most 6 decimals, rounded up */
void cli_table_percent(int64_t part, int64_t of, int width);
void cli_table_head(const char *text, int width); /* right */
void cli_table_end(void);

#endif
