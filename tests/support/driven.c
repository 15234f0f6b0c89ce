/* SPDX-License-Identifier: MIT */
/* Knows how a host drives a client; must not know what is asked for. */
#include "driven.h"

#include <poll.h>

#include "draw.h"

#define DRIVEN_MS 10000

int driven_readable(int64_t fd, int timeout_ms)
{
    struct pollfd p = {(int)fd, POLLIN, 0};
    return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLIN) != 0;
}

apipie_request *driven_collect(apipie_client *client, int64_t timeout_ms)
{
    int64_t until = draw_now_ms() + DRIVEN_MS;
    apipie_request *r = NULL;
    while ((r = apipie_client_next(client)) == NULL && draw_now_ms() < until) {
        apipie_status status = apipie_client_poll(client, timeout_ms);
        if (status != APIPIE_PENDING && status != APIPIE_OK)
            return NULL;
        if (timeout_ms == 0)
            draw_sleep_ms(1);
    }
    return r;
}

int32_t driven_loop(apipie_client *client, int32_t want)
{
    int64_t fd = apipie_client_loop_fd(client);
    int64_t until = draw_now_ms() + DRIVEN_MS;
    int32_t got = 0;
    while (got < want && draw_now_ms() < until) {
        int64_t timeout = apipie_client_next_timeout(client);
        driven_readable(fd, timeout < 0 || timeout > 3000 ? 3000 : (int)timeout);
        apipie_client_poll(client, 0);
        for (apipie_request *r = NULL; (r = apipie_client_next(client)) != NULL; got++)
            apipie_request_unref(r);
    }
    return got;
}
