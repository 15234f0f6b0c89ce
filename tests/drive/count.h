/* SPDX-License-Identifier: MIT */
/* Clients whose memory is counted, and what the machine counts for us. */
#ifndef TEST_DRIVE_COUNT_H
#define TEST_DRIVE_COUNT_H

#include <apipie/apipie.h>

#include "../support/scarce.h"

/* A client for a base URL, with a key; blocks->alive is how many blocks of memory it and all that belongs to it hold. */
apipie_client *count_client(struct scarce *blocks, const char *base_url);
/* Entries of a folder, "." and ".." included. */
int count_entries(const char *folder);

#endif
