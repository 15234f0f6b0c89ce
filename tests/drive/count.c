/* SPDX-License-Identifier: MIT */
/* An allocator that counts, and folders; knows no test. */
#include "count.h"

#include <dirent.h>
#include <stdlib.h>

static void *count_alloc(void *user, size_t size)
{
    void *p = malloc(size);
    atomic_fetch_add((atomic_llong *)user, p != NULL);
    return p;
}

static void *count_resize(void *user, void *block, size_t size)
{
    void *p = realloc(block, size);
    atomic_fetch_add((atomic_llong *)user, !block && p);
    return p;
}

static void count_release(void *user, void *block)
{
    atomic_fetch_sub((atomic_llong *)user, 1);
    free(block);
}

apipie_client *count_client(atomic_llong *blocks, const char *base_url)
{
    apipie_allocator a = {sizeof a, blocks, count_alloc, count_resize, count_release};
    apipie_client *client = apipie_client_new(&a);
    if (apipie_client_set_key(client, "sk-pie-0123456789abcdef") != APIPIE_OK ||
        apipie_client_set_base_url(client, base_url) != APIPIE_OK)
        abort();
    return client;
}

int count_entries(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}
