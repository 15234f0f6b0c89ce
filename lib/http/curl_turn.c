/* SPDX-License-Identifier: MIT */
/* Knows which sockets and timers libcurl waits for, and how long a turn may take; must not know what travels. */
#include "http/curl_priv.h"

/* Ready sockets that are looked at in one turn. */
#define TURN_EVENTS 64
/* Longer than this without a turn, and the time for connecting stood still: nobody could have seen the connection come. */
#define TURN_GAP_US 100000

static int64_t turn_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int32_t pie_curl_time_is_up(const struct pie_curl_transport *t)
{
    return t->until_us != INT64_MAX && pie_clock_us() >= t->until_us;
}

/* ---- what libcurl tells */

static int turn_on_socket(CURL *easy, curl_socket_t s, int what, void *user, void *socket_user)
{
    struct pie_curl_transport *t = user;
    uint32_t wish = ((what & CURL_POLL_IN) != 0 ? (uint32_t)PIE_READABLE : 0) |
                    ((what & CURL_POLL_OUT) != 0 ? (uint32_t)PIE_WRITABLE : 0);
    (void)easy;
    (void)socket_user;
    if (t->abandoned) /* the watching is shared with the parent */
        return 0;
    if (t->removing && what == CURL_POLL_REMOVE) /* it has been closed: the number is anybody's */
        return 0;
    if (pie_poller_watch(t->poller, s, what == CURL_POLL_REMOVE ? 0 : wish) != APIPIE_OK)
        t->broken = 1;
    return 0;
}

static int turn_on_timer(CURLM *multi, long ms, void *user)
{
    struct pie_curl_transport *t = user;
    (void)multi;
    t->timer_us = ms < 0 ? INT64_MAX : pie_clock_us() + (int64_t)ms * 1000;
    return 0;
}

CURLM *pie_curl_multi_new(struct pie_curl_transport *t)
{
    CURLM *multi = curl_multi_init();
    if (multi == NULL)
        return NULL;
    if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, turn_on_socket) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, turn_on_timer) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, t) == CURLM_OK)
        return multi;
    curl_multi_cleanup(multi);
    return NULL;
}

/* ---- one step */

static void turn_harvest(struct pie_curl_transport *t)
{
    int left = 0;
    CURLMsg *m = NULL;
    while ((m = curl_multi_info_read(t->multi, &left)) != NULL) {
        struct pie_curl_exchange *x = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result; /* m dies with the next call */
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        pie_curl_end(x, code);
        if (code == CURLE_OK && x->headers_whole)
            pie_curl_complete(x);
    }
}

/* libcurl, or the system, is out of memory: what is in flight ends with that, or the caller would turn in circles. */
static apipie_status turn_fail_all(struct pie_curl_transport *t)
{
    t->broken = 0;
    t->torn = 1;
    while (t->paused.first != NULL)
        pie_curl_end(t->paused.first, CURLE_OUT_OF_MEMORY);
    while (t->active.first != NULL)
        pie_curl_end(t->active.first, CURLE_OUT_OF_MEMORY);
    return APIPIE_E_MEMORY;
}

static void turn_act(struct pie_curl_transport *t, curl_socket_t s, int what)
{
    int running = 0;
    if (curl_multi_socket_action(t->multi, s, what, &running) != CURLM_OK)
        t->broken = 1;
}

static void turn_timer(struct pie_curl_transport *t)
{
    if (t->broken || t->timer_us > pie_clock_us())
        return;
    t->timer_us = INT64_MAX; /* libcurl sets it again when it wants it */
    turn_act(t, CURL_SOCKET_TIMEOUT, 0);
}

static int turn_what(uint32_t what)
{
    return ((what & PIE_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
           ((what & PIE_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0) |
           ((what & PIE_BROKEN) != 0 ? CURL_CSELECT_ERR : 0);
}

/* Waking is noted in two places: who woke us before the wait is seen by our caller, who looks for work before it comes again. */
static size_t turn_wait(struct pie_curl_transport *t, int64_t timeout_ms,
                        struct pie_poller_event *events)
{
    pie_atomic_set(&t->asleep, 1);
    if (pie_atomic_get(&t->woken))
        timeout_ms = 0;
    size_t n = pie_poller_wait(t->poller, timeout_ms, events, TURN_EVENTS);
    pie_atomic_set(&t->asleep, 0);
    pie_atomic_set(&t->woken, 0);
    return n;
}

/* What is ready is told again by the next wait, behind what had no turn yet: nobody starves when the time is up. */
static void turn_sockets(struct pie_curl_transport *t, int64_t timeout_ms)
{
    struct pie_poller_event events[TURN_EVENTS];
    int64_t before = timeout_ms != 0 && t->until_us != INT64_MAX ? pie_clock_us() : 0;
    size_t n = turn_wait(t, timeout_ms, events);
    if (before != 0) /* waiting is no work */
        t->until_us += pie_clock_us() - before;
    for (size_t i = 0; i < n && !t->broken && (i == 0 || !pie_curl_time_is_up(t)); i++)
        turn_act(t, (curl_socket_t)events[i].fd, turn_what(events[i].what));
}

/* ---- bodies that were left for later */

/* Each gets its turn, in the order in which they were left. What libcurl holds of them comes first. */
static void turn_resume(struct pie_curl_transport *t)
{
    for (size_t n = t->paused.count; n != 0 && t->paused.first != NULL; n--) {
        struct pie_curl_exchange *x = t->paused.first;
        pie_curl_move(x, &t->active);
        x->progress->behind = 0;
        CURLcode code = curl_easy_pause(x->easy, CURLPAUSE_CONT);
        t->broken |= code == CURLE_OUT_OF_MEMORY;
        if (code != CURLE_OK)
            pie_curl_end(x, code);
        if (t->broken || pie_curl_time_is_up(t))
            return;
    }
}

/* ---- time that nobody looked */

static void turn_excuse(struct pie_curl_transport *t)
{
    int64_t now = pie_clock_us();
    if (t->turned_us == 0 || now - t->turned_us < TURN_GAP_US)
        return;
    for (struct pie_curl_exchange *x = t->active.first; x != NULL; x = x->next) {
        int64_t since = x->progress->started_us;
        if (x->tries != 0)
            continue;
        x->connect_ms += (now - (since > t->turned_us ? since : t->turned_us)) / 1000;
        curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)x->connect_ms);
    }
}

/* ---- a turn */

static int64_t turn_patience(const struct pie_curl_transport *t, int64_t timeout_ms)
{
    if (t->broken || t->ended.count != 0 || t->paused.count != 0 || pie_curl_time_is_up(t))
        return 0;
    if (t->timer_us == INT64_MAX)
        return timeout_ms;
    int64_t timer_ms = (t->timer_us - pie_clock_us() + 999) / 1000;
    return turn_min(timeout_ms, timer_ms > 0 ? timer_ms : 0);
}

static apipie_status turn_all(struct pie_curl_transport *t, int64_t timeout_ms)
{
    turn_excuse(t);
    turn_resume(t);
    turn_timer(t); /* new exchanges start by it */
    turn_harvest(t);
    int64_t wait = turn_patience(t, timeout_ms);
    /* An idle turn asks the system nothing; but a bell that somebody else's loop hears must fall silent. */
    if (!t->broken && (wait != 0 || t->active.count != 0 || pie_atomic_get(&t->woken) ||
                       pie_atomic_get(&t->exposed)))
        turn_sockets(t, wait);
    if (wait != 0)
        turn_timer(t);
    turn_harvest(t);
    return t->broken ? turn_fail_all(t) : APIPIE_OK;
}

apipie_status pie_curl_drive(struct pie_transport *base, int64_t timeout_ms, int64_t *until_us)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    t->until_us = *until_us;
    t->taken = 0;
    int32_t held = t->secure ? pie_sigpipe_hold() : 0;
    apipie_status status = turn_all(t, timeout_ms);
    if (t->secure)
        pie_sigpipe_release(held);
    t->turned_us = pie_clock_us();
    *until_us = t->until_us;
    t->until_us = INT64_MAX; /* between two turns nothing has an end */
    return status;
}

int64_t pie_curl_timeout(struct pie_transport *base)
{
    const struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    int64_t timeout = turn_patience(t, INT64_MAX);
    return timeout == INT64_MAX ? -1 : timeout;
}
