/* SPDX-License-Identifier: MIT */
/* SHA-256, to know a file or a line of a batch again. */
#ifndef CLI_DIGEST_H
#define CLI_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define CLI_DIGEST_TEXT 65 /* 64 hexadecimal digits and NUL */

struct cli_digest {
    uint32_t state[8];
    uint64_t length;
    unsigned char block[64];
};

void cli_digest_begin(struct cli_digest *digest);
void cli_digest_add(struct cli_digest *digest, const void *bytes, size_t size);
void cli_digest_end(struct cli_digest *digest, char ret[CLI_DIGEST_TEXT]);

#endif
