/* SPDX-License-Identifier: MIT */
/* Knows how a whole file is read; not what an image is. */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int cli_input_is_url(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0 ||
           strncasecmp(text, "data:", 5) == 0;
}

static void fail(struct cli_failure *failure, const char *what, const char *path,
                 const char *reason)
{
    cli_failure_set(failure, APIPIE_E_FILE, reason, what, "cannot read ", path);
}

/* Doubling, as pipes do not tell their size. */
static int grow(unsigned char **bytes, size_t *room)
{
    size_t more = *room == 0 ? 65536 : *room * 2;
    unsigned char *moved = realloc(*bytes, more);

    if (moved == NULL)
        return 0;
    *bytes = moved;
    *room = more;
    return 1;
}

void *cli_input_read(const char *path, size_t limit, const char *what, size_t *ret_size,
                     struct cli_failure *failure)
{
    FILE *in = fopen(path, "rb");
    unsigned char *bytes = NULL;
    size_t size = 0, room = 0, got;

    if (in == NULL) {
        fail(failure, what, path, strerror(errno));
        return NULL;
    }
    do {
        if (size + 1 >= room && !grow(&bytes, &room)) {
            cli_failure_memory(failure);
            goto out;
        }
        got = fread(bytes + size, 1, room - size - 1, in);
        size += got;
    } while (got > 0 && size <= limit);
    if (ferror(in))
        fail(failure, what, path, strerror(errno));
    else if (size == 0)
        fail(failure, what, path, "the file is empty");
    else if (size > limit)
        fail(failure, what, path, "the file is too large");
    bytes[size] = '\0';
out:
    (void)fclose(in);
    if (failure->status != APIPIE_OK) {
        free(bytes);
        return NULL;
    }
    *ret_size = size;
    return bytes;
}

void cli_input_digest(const char *path, const char *what, uint64_t *ret_size,
                      char ret_sha256[CLI_DIGEST_TEXT], struct cli_failure *failure)
{
    unsigned char piece[16384];
    struct cli_digest digest;
    uint64_t size = 0;
    size_t got;
    FILE *in = fopen(path, "rb");

    if (in == NULL) {
        fail(failure, what, path, strerror(errno));
        return;
    }
    cli_digest_begin(&digest);
    while ((got = fread(piece, 1, sizeof piece, in)) > 0) {
        cli_digest_add(&digest, piece, got);
        size += got;
    }
    if (ferror(in))
        fail(failure, what, path, strerror(errno));
    (void)fclose(in);
    cli_digest_end(&digest, ret_sha256);
    *ret_size = size;
}
