/* SPDX-License-Identifier: MIT */
/* Waiting for many sockets at once, and bells: descriptors that any thread makes readable. os_epoll.c. */
#ifndef PIE_POLLER_H
#define PIE_POLLER_H

#include <stddef.h>
#include <stdint.h>

#include <apipie/apipie.h>

#include "base/mem.h"

enum { PIE_READABLE = 1, PIE_WRITABLE = 2, PIE_BROKEN = 4 };

struct pie_poller;

struct pie_poller_event {
    int64_t fd;
    uint32_t what; /* PIE_READABLE, ... */
};

/* NULL without memory or descriptors. */
struct pie_poller *pie_poller_new(const struct pie_mem *mem);
struct pie_poller *pie_poller_free(const struct pie_mem *mem, struct pie_poller *p);
/* Watches for that from now on; 0: not any more. APIPIE_E_MEMORY where the system refuses. */
apipie_status pie_poller_watch(struct pie_poller *p, int64_t fd, uint32_t what);
/* What is ready, at most `max`; waits at most timeout_ms (negative: no limit) for something, or for a ring, which is no event. */
size_t pie_poller_wait(struct pie_poller *p, int64_t timeout_ms, struct pie_poller_event *ret,
                       size_t max);
/* Ends a wait, or the next one. Any thread. */
void pie_poller_ring(struct pie_poller *p);
/* Readable when a wait would not wait. */
int64_t pie_poller_fd(const struct pie_poller *p);

/* A descriptor that is readable while it is rung. -1 when there is none to be had. */
int64_t pie_bell_new(void);
void pie_bell_free(int64_t bell);
void pie_bell_ring(int64_t bell);
void pie_bell_silence(int64_t bell);

#endif
