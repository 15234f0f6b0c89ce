/* SPDX-License-Identifier: MIT */
/* Remembers which line of a batch has which file, as a second one would lose a paid picture. */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct cli_names {
    struct cli_name {
        uint64_t hash; /* of the path; 0: empty */
        int64_t index;
    } * slots;
    size_t count, room; /* room is a power of two */
};

/* The line that has the path already, else 0 and now it is this line's; -1 without memory. */
int64_t cli_names_add(struct cli_names *names, const char *path, int64_t index);
void cli_names_free(struct cli_names *names);

#endif
