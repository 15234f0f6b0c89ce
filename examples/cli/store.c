/* SPDX-License-Identifier: MIT */
/* Knows how texts are kept and freed together; not what they say. */
#include "store.h"

#include <stdlib.h>
#include <string.h>

char *cli_store_take(struct cli_store *store, size_t length)
{
    char **more = realloc(store->items, (store->count + 1) * sizeof *more);
    char *text;

    if (more == NULL)
        return NULL;
    store->items = more;
    text = malloc(length + 1);
    if (text == NULL)
        return NULL;
    text[length] = '\0';
    more[store->count++] = text;
    return text;
}

char *cli_store_keep(struct cli_store *store, const char *text, size_t length)
{
    char *kept = cli_store_take(store, length);

    if (kept != NULL && length > 0)
        memcpy(kept, text, length);
    return kept;
}

char *cli_store_join(struct cli_store *store, const char *a, const char *b, const char *c)
{
    size_t na = strlen(a), nb = strlen(b), nc = strlen(c);
    char *kept = cli_store_take(store, na + nb + nc);

    if (kept == NULL)
        return NULL;
    memcpy(kept, a, na);
    memcpy(kept + na, b, nb);
    memcpy(kept + na + nb, c, nc);
    return kept;
}

void cli_store_free(struct cli_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        free(store->items[i]);
    free(store->items);
    store->items = NULL;
    store->count = 0;
}
