/* SPDX-License-Identifier: MIT */
/* A file that appears whole or not at all. */
#ifndef CLI_SAVE_H
#define CLI_SAVE_H

#include <stddef.h>

#include "failure.h"

/* "-" is stdout; a device or a pipe is written to as it is; a file that is there is replaced at the end, and keeps its mode. flag names the option
 * for the message. */
void cli_save(const char *path, const char *bytes, size_t size, const char *flag,
              struct cli_failure *failure);

/* All of them to an open file, interrupted or not; 0: errno says why not. */
int cli_save_bytes(int file, const char *bytes, size_t size);

#endif
