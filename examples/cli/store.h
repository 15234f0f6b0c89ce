/* SPDX-License-Identifier: MIT */
/* Texts that live as long as the options that borrow them. */
#ifndef CLI_STORE_H
#define CLI_STORE_H

#include <stddef.h>

struct cli_store {
    char **items;
    size_t count;
};

/* length bytes and a NUL, for the caller to fill; NULL without memory. */
char *cli_store_take(struct cli_store *store, size_t length);
/* A copy with a NUL; NULL without memory. */
char *cli_store_keep(struct cli_store *store, const char *text, size_t length);
/* The three parts joined. */
char *cli_store_join(struct cli_store *store, const char *a, const char *b, const char *c);
void cli_store_free(struct cli_store *store);

#endif
