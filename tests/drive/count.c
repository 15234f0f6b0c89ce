/* SPDX-License-Identifier: MIT */
/* Clients whose memory is counted, and folders; knows no test. */
#include "count.h"

#include <dirent.h>
#include <stdlib.h>

apipie_client *count_client(struct scarce *blocks, const char *base_url)
{
    const apipie_allocator a = SCARCE_TABLE(blocks);
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
