/* SPDX-License-Identifier: MIT */
/* Knows a set of paths by their digests; nothing of files. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"

static uint64_t hash(const char *path)
{
    struct cli_digest digest;
    char text[CLI_DIGEST_TEXT];
    uint64_t number;

    cli_digest_begin(&digest);
    cli_digest_add(&digest, path, strlen(path));
    cli_digest_end(&digest, text);
    text[16] = '\0';
    number = strtoull(text, NULL, 16);
    return number == 0 ? 1 : number;
}

static struct cli_name *find(const struct cli_names *names, uint64_t number)
{
    size_t i = (size_t)number & (names->room - 1);

    while (names->slots[i].hash != 0 && names->slots[i].hash != number)
        i = (i + 1) & (names->room - 1);
    return &names->slots[i];
}

static int grow(struct cli_names *names)
{
    struct cli_names more = {NULL, names->count, names->room == 0 ? 64 : names->room * 2};

    more.slots = calloc(more.room, sizeof *more.slots);
    if (more.slots == NULL)
        return 0;
    for (size_t i = 0; i < names->room; i++)
        if (names->slots[i].hash != 0)
            *find(&more, names->slots[i].hash) = names->slots[i];
    free(names->slots);
    *names = more;
    return 1;
}

int64_t cli_names_add(struct cli_names *names, const char *path, int64_t index)
{
    struct cli_name *slot;

    if (names->count * 2 >= names->room && !grow(names))
        return -1;
    slot = find(names, hash(path));
    if (slot->hash != 0)
        return slot->index;
    slot->hash = hash(path);
    slot->index = index;
    names->count++;
    return 0;
}

void cli_names_free(struct cli_names *names)
{
    free(names->slots);
    names->slots = NULL;
}
