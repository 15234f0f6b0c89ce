/* SPDX-License-Identifier: MIT */
/* Text that others wrote, made fit for a terminal. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The character at text, its bytes in *ret_length (at least 1); -1 for bytes that are no UTF-8. */
int32_t cli_text_next(const char *text, size_t *ret_length);
/* 1 for what steers a terminal: controls, and the marks that turn the direction of text. */
int cli_text_steers(int32_t character);
/* Prints text; what steers a terminal or is no UTF-8 becomes '?'. NULL prints nothing. */
void cli_text_print(FILE *out, const char *text);

#endif
