/* SPDX-License-Identifier: MIT */
/* Knows Linux's epoll and eventfd; must not know what is waited for. */
#include "base/base.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* As many events of one wait; what is ready besides is told by the next. */
#define POLLER_EVENTS 64

struct pie_poller {
    int epoll;
    int64_t bell;
};

int64_t pie_bell_new(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void pie_bell_free(int64_t bell)
{
    if (bell >= 0)
        close((int)bell);
}

void pie_bell_ring(int64_t bell)
{
    uint64_t one = 1;
    /* It fails only when it rings already, as loud as it can. */
    ssize_t n = write((int)bell, &one, sizeof(one));
    (void)n;
}

void pie_bell_silence(int64_t bell)
{
    uint64_t count = 0;
    ssize_t n = read((int)bell, &count, sizeof(count)); /* not rung: nothing to take away */
    (void)n;
}

static apipie_status poller_control(struct pie_poller *p, int operation, int64_t fd, uint32_t what)
{
    struct epoll_event e;
    memset(&e, 0, sizeof(e));
    e.events = ((what & PIE_READABLE) != 0 ? (uint32_t)EPOLLIN : 0) |
               ((what & PIE_WRITABLE) != 0 ? (uint32_t)EPOLLOUT : 0);
    e.data.fd = (int)fd;
    return epoll_ctl(p->epoll, operation, (int)fd, &e) == 0 ? APIPIE_OK : APIPIE_E_MEMORY;
}

struct pie_poller *pie_poller_new(const struct pie_mem *mem)
{
    struct pie_poller *p = pie_mem_new(mem, 1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->bell = pie_bell_new();
    if (p->epoll < 0 || p->bell < 0 ||
        poller_control(p, EPOLL_CTL_ADD, p->bell, PIE_READABLE) != APIPIE_OK)
        return pie_poller_free(mem, p);
    return p;
}

struct pie_poller *pie_poller_free(const struct pie_mem *mem, struct pie_poller *p)
{
    if (p == NULL)
        return NULL;
    if (p->epoll >= 0)
        close(p->epoll);
    pie_bell_free(p->bell);
    return pie_mem_free(mem, p);
}

apipie_status pie_poller_watch(struct pie_poller *p, int64_t fd, uint32_t what)
{
    if (what == 0) {
        poller_control(p, EPOLL_CTL_DEL, fd, 0); /* one that is closed already has left by itself */
        return APIPIE_OK;
    }
    /* Known or not: a number may have been closed and given to another socket meanwhile. */
    if (poller_control(p, EPOLL_CTL_MOD, fd, what) == APIPIE_OK)
        return APIPIE_OK;
    return poller_control(p, EPOLL_CTL_ADD, fd, what);
}

static uint32_t poller_what(uint32_t events)
{
    return ((events & EPOLLIN) != 0 ? PIE_READABLE : 0u) |
           ((events & EPOLLOUT) != 0 ? PIE_WRITABLE : 0u) |
           ((events & (EPOLLERR | EPOLLHUP)) != 0 ? PIE_BROKEN : 0u);
}

size_t pie_poller_wait(struct pie_poller *p, int64_t timeout_ms, struct pie_poller_event *ret,
                       size_t max)
{
    struct epoll_event events[POLLER_EVENTS];
    size_t n = 0;
    int room = max < POLLER_EVENTS ? (int)max : POLLER_EVENTS;
    int wait = timeout_ms < 0 ? -1 : timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
    int got =
        epoll_wait(p->epoll, events, room, wait); /* a signal ends it: the caller looks again */
    for (int i = 0; i < got; i++) {
        if (events[i].data.fd == (int)p->bell) {
            pie_bell_silence(p->bell);
            continue;
        }
        ret[n].fd = events[i].data.fd;
        ret[n++].what = poller_what(events[i].events);
    }
    return n;
}

void pie_poller_ring(struct pie_poller *p)
{
    pie_bell_ring(p->bell);
}

int64_t pie_poller_fd(const struct pie_poller *p)
{
    return p->epoll;
}
