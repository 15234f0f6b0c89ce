/* SPDX-License-Identifier: MIT */
/* Small loops that drive a client as a host would: by polls and the queue, by a descriptor and its timeout. */
#ifndef TEST_DRIVEN_H
#define TEST_DRIVEN_H

#include <apipie/apipie.h>

/* A row of a table: what varies, and the test's name. */
struct driven_row {
    int number;
    const char *name;
};

int driven_readable(int64_t fd, int timeout_ms);
/* Polls until the queue gives something; NULL after some seconds. */
apipie_request *driven_collect(apipie_client *client, int64_t timeout_ms);
/* A loop that only looks at the descriptor and at the timeout, and collects so many; how many came within some seconds. */
int32_t driven_loop(apipie_client *client, int32_t want);

#endif
