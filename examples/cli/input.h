/* SPDX-License-Identifier: MIT */
/* Whole files: an input image, a recipe. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stddef.h>

#include "digest.h"
#include "failure.h"

/* 1 for what goes to the server as it is: http, https, data. */
int cli_input_is_url(const char *text);
/* The bytes of a file and a NUL, to be freed; NULL with the failure set. what names the option for the message
 * ("--image: "). */
void *cli_input_read(const char *path, size_t limit, const char *what, size_t *ret_size,
                     struct cli_failure *failure);
/* Length and digest of a file, which is read piece by piece. */
void cli_input_digest(const char *path, const char *what, uint64_t *ret_size,
                      char ret_sha256[CLI_DIGEST_TEXT], struct cli_failure *failure);

#endif
