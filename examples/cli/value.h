/* SPDX-License-Identifier: MIT */
/* From the text of a value to the member of an option. */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include "option_table.h"
#include "options.h"

/* 0 when the row does not take it; value is borrowed. */
int cli_value_take(struct cli_options *options, const struct cli_option *row, const char *value);
/* Digits alone, at most 64 bits. */
int cli_value_unsigned(const char *text, uint64_t *ret);
/* BACKEND/PROVIDER/MODEL; borrows. 0 when it is none. */
int cli_value_route(const char *text, struct cli_route *ret);
/* Decimal dollars, exactly. */
int cli_value_money(const char *text, int64_t *ret_picodollars);

#endif
