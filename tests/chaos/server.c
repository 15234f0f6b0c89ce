/* SPDX-License-Identifier: MIT */
/* The server of the chaos test: one thread, HTTP/1.1 with kept connections, and every way to fail; must not judge. */
#include "chaos.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_CONNECTIONS 2048
#define SERVER_HEAD        8192
/* Small, so that a long request is still on its way when it is refused. */
#define SERVER_RECEIVE 16384
/* At the end, for what still runs. */
#define SERVER_PATIENCE_MS 10000

enum { SERVER_IDLE, SERVER_READING, SERVER_WAITING, SERVER_SENDING, SERVER_GONE };

struct server_conn {
    int fd;
    int32_t state;
    uint64_t number;
    int32_t turn;
    struct chaos_door door;
    struct chaos_bytes in, out;
    size_t head_n, body_n, most; /* most: bytes of the request that are read */
    struct chaos_answer answer;
    size_t sent, limit; /* of out */
    int64_t until_ms;   /* of WAITING, and then: */
    int32_t then;       /* CHAOS_* */
};

struct chaos_server {
    uint64_t seed;
    struct chaos_book *book;
    pthread_t thread;
    int stop[2];
    int holder, listener; /* holder keeps the port while nobody listens */
    struct sockaddr_in at;
    char origin[64], base[80];
    int64_t deaf_until_ms;
    struct server_conn *conns[SERVER_CONNECTIONS];
    size_t count;
};

/* ---- connections */

static void server_drop(struct server_conn *c, int reset)
{
    struct linger hard = {1, 0};
    if (c->state == SERVER_GONE)
        return;
    if (reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(c->fd);
    c->state = SERVER_GONE;
}

static void server_begin(const struct chaos_server *s, struct server_conn *c)
{
    c->state = SERVER_IDLE;
    c->door = chaos_door(s->seed, c->number, c->turn);
    c->in.n = c->head_n = c->body_n = 0;
    c->most = SIZE_MAX;
}

static void server_hold(struct server_conn *c, int32_t ms, int32_t then)
{
    c->state = SERVER_WAITING;
    c->until_ms = chaos_now_ms() + ms;
    c->then = then;
}

static void server_accept_one(struct chaos_server *s, int fd)
{
    int one = 1;
    struct server_conn *c = calloc(1, sizeof(*c));
    if (c == NULL || s->count == SERVER_CONNECTIONS) {
        close(fd);
        free(c);
        return;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    c->fd = fd;
    c->number = s->book->connections++;
    server_begin(s, c);
    s->conns[s->count++] = c;
    /* Before it has come; else when its first byte is there. */
    if (c->door.read == CHAOS_READ_NOTHING && c->door.part < 500 && c->door.ending < CHAOS_HOLD)
        server_drop(c, c->door.ending == CHAOS_RESET);
}

static int server_listen(struct chaos_server *s)
{
    int one = 1, room = SERVER_RECEIVE;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    if (bind(fd, (const struct sockaddr *)&s->at, sizeof(s->at)) || listen(fd, 256)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void server_accept(struct chaos_server *s)
{
    int fd = -1;
    while (s->listener >= 0 && (fd = accept(s->listener, NULL, NULL)) >= 0) {
        server_accept_one(s, fd);
        struct chaos_dice d = chaos_dice(s->seed ^ 0xDEAF, s->book->connections, 0);
        if (!chaos_hits(&d, 3))
            continue;
        close(s->listener); /* who stands in its queue is reset */
        s->listener = -1;
        s->deaf_until_ms = chaos_now_ms() + 1 + chaos_below(&d, 6);
        s->book->outages++;
    }
}

/* ---- requests */

/* The value of a header line; 0 when there is none. */
static int server_header(const struct server_conn *c, const char *name, char *out, size_t capacity)
{
    size_t n = strlen(name);
    const char *end = c->in.p + c->head_n;
    for (const char *p = c->in.p; p + n < end; p++) {
        if (p[0] != '\n' || strncasecmp(p + 1, name, n) != 0 || p[1 + n] != ':')
            continue;
        size_t used = 0;
        for (p += n + 2; p < end && *p == ' '; p++)
            ;
        for (; p < end && *p != '\r' && used + 1 < capacity; p++)
            out[used++] = *p;
        out[used] = '\0';
        return 1;
    }
    out[0] = '\0';
    return 0;
}

static const char *server_find(const char *p, size_t n, const char *what)
{
    size_t length = strlen(what);
    for (const char *at = p; n >= length && (at = memchr(at, what[0], (size_t)(p + n - at)));
         at++) {
        if ((size_t)(p + n - at) < length)
            return NULL;
        if (memcmp(at, what, length) == 0)
            return at;
    }
    return NULL;
}

static int32_t server_number(const char *p, size_t n, const char *mark)
{
    const char *at = server_find(p, n, mark);
    int32_t number = 0;
    if (at == NULL)
        return -1;
    for (at += strlen(mark); at < p + n && *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (*at - '0');
    return at < p + n ? number : -1;
}

static int server_is_post(const struct server_conn *c)
{
    return c->in.n >= 5 && memcmp(c->in.p, "POST ", 5) == 0;
}

static void server_parse_head(struct server_conn *c)
{
    char value[32];
    const char *end = server_find(c->in.p, c->in.n, "\r\n\r\n");
    if (end == NULL)
        return;
    c->head_n = (size_t)(end - c->in.p) + 4;
    server_header(c, "content-length", value, sizeof(value));
    c->body_n = (size_t)strtoul(value, NULL, 10);
    if (!server_is_post(c))
        c->most = c->head_n;
    else if (c->door.read == CHAOS_READ_PART)
        c->most = c->head_n + c->body_n * c->door.part / 1000;
    else
        c->most = c->head_n + c->body_n;
}

/* What stands behind the bytes that are read, for the book alone: it stays unread. */
static void server_peek(struct server_conn *c)
{
    char room[SERVER_HEAD];
    ssize_t n = recv(c->fd, room, sizeof(room), MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        chaos_bytes_add(&c->in, room, (size_t)n);
    if (c->head_n == 0)
        server_parse_head(c);
}

/* Notes the request; -1 when not even its key is there, or when it is no call. */
static int32_t server_note(struct chaos_server *s, struct server_conn *c, int32_t whole)
{
    char key[40];
    if (!whole)
        server_peek(c);
    if (c->head_n == 0 || !server_is_post(c) ||
        !server_header(c, "idempotency-key", key, sizeof(key)))
        return -1;
    return chaos_book_add(s->book, key, server_number(c->in.p, c->in.n, "call-"), whole);
}

static void server_give(struct chaos_server *s, struct server_conn *c, int32_t arrival);

/* A request that is not read whole ends as its door says. */
static void server_refuse(struct chaos_server *s, struct server_conn *c)
{
    int32_t arrival = server_note(s, c, 0);
    int32_t ending = c->door.ending;
    s->book->turns_lost += arrival >= 0 && c->turn != 0 && c->door.read == CHAOS_READ_NOTHING;
    if (ending == CHAOS_REPLY && arrival >= 0) {
        c->answer = chaos_answer_early(s->seed, c->number, c->turn);
        server_give(s, c, arrival);
    } else if (ending == CHAOS_HOLD) {
        server_hold(c, c->door.hold_ms, CHAOS_CLOSE);
    } else {
        server_drop(c, ending == CHAOS_RESET);
    }
}

static int server_wants_more_images(const struct server_conn *c)
{
    const char *body = c->in.p + c->head_n;
    return server_number(body, c->body_n, "\"n\":") > 1 &&
           (server_find(body, c->body_n, "\"provider\":\"p0\"") != NULL ||
            server_find(body, c->body_n, "\"provider\":\"p1\"") != NULL);
}

static void server_take_post(struct chaos_server *s, struct server_conn *c)
{
    int32_t arrival = server_note(s, c, 1);
    if (arrival < 0) {
        chaos_wrong("a request without a key: %.*s", (int)c->head_n, c->in.p);
        server_drop(c, 0);
        return;
    }
    struct chaos_arrival *a = &s->book->arrivals[arrival];
    int32_t times = a->number >= 0 ? s->book->times[a->number]++ : 0;
    if (a->number < 0)
        chaos_wrong("a request of no known call: %.200s", c->in.p + c->head_n);
    c->answer = chaos_answer(s->seed, a->number, times);
    if (server_wants_more_images(c)) {
        c->answer.kind = chaos_kind_count - 1;
        c->answer.billed = 0;
        c->answer.amount = 0;
    }
    a->billed = c->answer.billed;
    a->amount = c->answer.amount;
    server_give(s, c, arrival);
}

static void server_take_get(struct chaos_server *s, struct server_conn *c)
{
    char value[64];
    int32_t status = 200;
    if (server_header(c, "authorization", value, sizeof(value)) ||
        server_find(c->in.p, c->head_n, CHAOS_KEY) != NULL)
        s->book->leaks++;
    c->answer = chaos_answer_get(s->seed, s->book->gets++, &status);
    chaos_reply_get(&c->out, status);
    c->sent = 0;
    c->limit = c->out.n * (size_t)c->answer.cut / 1000;
    server_hold(c, c->answer.wait_ms, CHAOS_REPLY);
}

/* Makes the reply and notes what who reads it may conclude. */
static void server_give(struct chaos_server *s, struct server_conn *c, int32_t arrival)
{
    char id[32];
    struct chaos_arrival *a = &s->book->arrivals[arrival];
    const struct chaos_kind *k = &chaos_kinds[c->answer.kind];
    snprintf(id, sizeof(id), "r%d", (int)arrival);
    chaos_reply_make(&c->out, &c->answer, c->answer.with_id ? id : NULL, s->origin, arrival);
    c->sent = 0;
    c->limit = c->out.n * (size_t)c->answer.cut / 1000;
    size_t need = k->need == CHAOS_NEED_LINE   ? c->out.line_end
                  : k->need == CHAOS_NEED_SAID ? c->out.said_end
                                               : c->out.n;
    a->again = c->limit >= need ? k->again : CHAOS_AGAIN_NO;
    /* Who has not read what else it says takes it for any other; a reset may overtake the last bytes. */
    if (k->status == 400 && a->again != CHAOS_AGAIN_REFUSED && c->limit >= c->out.line_end &&
        (c->limit < need || c->answer.ending == CHAOS_RESET))
        a->again = CHAOS_AGAIN_ROUTE;
    a->kind = c->limit != 0 ? (int32_t)c->answer.kind : -1;
    server_hold(c, c->answer.wait_ms, CHAOS_REPLY);
}

/* ---- turns */

static void server_take(struct chaos_server *s, struct server_conn *c)
{
    if (c->head_n == 0)
        server_parse_head(c);
    if (c->head_n == 0 || c->in.n < c->most) {
        if (c->head_n != 0 && c->door.read == CHAOS_READ_HEAD && server_is_post(c))
            server_refuse(s, c);
        return;
    }
    if (!server_is_post(c))
        server_take_get(s, c);
    else if (c->in.n < c->head_n + c->body_n || c->door.read == CHAOS_READ_HEAD)
        server_refuse(s, c);
    else
        server_take_post(s, c);
}

static size_t server_room(const struct server_conn *c, size_t most)
{
    /* Not more than the door allows: what is unread when it closes becomes a reset. */
    if (c->head_n == 0)
        return c->door.read == CHAOS_READ_ALL ? most : 64;
    size_t left = c->most - c->in.n;
    return left < most ? left : most;
}

static void server_read(struct chaos_server *s, struct server_conn *c)
{
    char room[16384];
    if (c->state == SERVER_IDLE && c->door.read == CHAOS_READ_NOTHING) {
        server_refuse(s, c);
        return;
    }
    c->state = SERVER_READING;
    while (c->state == SERVER_READING) {
        ssize_t n = recv(c->fd, room, server_room(c, sizeof(room)), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) { /* the client has gone */
            if (c->in.n != 0)
                server_note(s, c, 0);
            server_drop(c, 0);
            return;
        }
        chaos_bytes_add(&c->in, room, (size_t)n);
        server_take(s, c);
    }
}

static void server_sent(struct chaos_server *s, struct server_conn *c)
{
    int32_t ending = c->answer.ending;
    if (c->answer.framing == 2 && ending != CHAOS_RESET && c->limit == c->out.n)
        ending = CHAOS_CLOSE;
    if (ending == CHAOS_HOLD) {
        server_hold(c, c->answer.hold_ms, CHAOS_CLOSE);
    } else if (ending == CHAOS_REPLY) {
        c->turn++;
        server_begin(s, c);
    } else {
        server_drop(c, ending == CHAOS_RESET);
    }
}

static void server_send(struct chaos_server *s, struct server_conn *c)
{
    c->state = SERVER_SENDING;
    size_t left = c->limit - c->sent;
    if (c->answer.drip != 0 && left > (size_t)c->answer.drip && c->out.n < 4096)
        left = (size_t)c->answer.drip;
    ssize_t n = left != 0 ? send(c->fd, c->out.p + c->sent, left, MSG_NOSIGNAL) : 0;
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            server_drop(c, 0);
        return;
    }
    c->sent += (size_t)n;
    if (c->sent == c->limit)
        server_sent(s, c);
}

static void server_wake(struct chaos_server *s, struct server_conn *c)
{
    if (c->then == CHAOS_REPLY)
        server_send(s, c);
    else
        server_drop(c, c->then == CHAOS_RESET);
}

static short server_events(const struct server_conn *c)
{
    if (c->state == SERVER_WAITING)
        return 0;
    return c->state == SERVER_SENDING ? POLLOUT : POLLIN;
}

static void server_turn_conn(struct chaos_server *s, struct server_conn *c, short events,
                             int64_t now_ms)
{
    if (c->state == SERVER_WAITING) {
        if (c->until_ms <= now_ms)
            server_wake(s, c);
        else if (events & (POLLERR | POLLHUP)) /* reset by the other side */
            server_drop(c, 0);
    } else if (c->state == SERVER_SENDING) {
        if (events != 0)
            server_send(s, c);
    } else if (c->state != SERVER_GONE && events != 0) {
        server_read(s, c);
    }
}

static void server_sweep(struct chaos_server *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct server_conn *c = s->conns[i];
        if (c->state != SERVER_GONE) {
            s->conns[kept++] = c;
            continue;
        }
        chaos_bytes_free(&c->in);
        chaos_bytes_free(&c->out);
        free(c);
    }
    s->count = kept;
}

/* ---- the thread */

/* What is watched: the end, new connections, then one each. Returns how long at most. */
static int server_watch(struct chaos_server *s, struct pollfd *p)
{
    int64_t now = chaos_now_ms();
    int64_t wait = s->listener < 0 ? s->deaf_until_ms - now : 1000;
    p[0] = (struct pollfd){s->stop[0], POLLIN, 0};
    p[1] = (struct pollfd){s->listener, POLLIN, 0};
    for (size_t i = 0; i < s->count; i++) {
        struct server_conn *c = s->conns[i];
        p[i + 2] = (struct pollfd){c->fd, server_events(c), 0};
        if (c->state == SERVER_WAITING && c->until_ms - now < wait)
            wait = c->until_ms - now;
    }
    return wait > 0 ? (int)wait : 0;
}

static void *server_main(void *user)
{
    struct chaos_server *s = user;
    struct pollfd *p = calloc(SERVER_CONNECTIONS + 2, sizeof(*p));
    int64_t end_ms = INT64_MAX;
    while (p != NULL && (end_ms == INT64_MAX || (s->count != 0 && chaos_now_ms() < end_ms))) {
        int wait = server_watch(s, p);
        size_t watched = s->count;
        poll(p, watched + 2, wait);
        int64_t now = chaos_now_ms();
        for (size_t i = 0; i < watched; i++)
            server_turn_conn(s, s->conns[i], p[i + 2].revents, now);
        server_sweep(s);
        if (s->listener < 0 && now >= s->deaf_until_ms && end_ms == INT64_MAX)
            s->listener = server_listen(s);
        server_accept(s);
        if (p[0].revents != 0 && end_ms == INT64_MAX) {
            end_ms = now + SERVER_PATIENCE_MS;
            p[0].revents = 0;
            close(s->stop[0]);
            s->stop[0] = -1;
        }
    }
    if (s->count != 0)
        chaos_wrong("%zu connections did not end with the client", s->count);
    free(p);
    return NULL;
}

struct chaos_server *chaos_server_start(uint64_t seed, struct chaos_book *book)
{
    int one = 1;
    socklen_t n = sizeof(struct sockaddr_in);
    struct chaos_server *s = calloc(1, sizeof(*s));
    if (s == NULL || pipe(s->stop) != 0)
        return NULL;
    s->seed = seed;
    s->book = book;
    s->at.sin_family = AF_INET;
    s->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(s->holder, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(s->holder, (const struct sockaddr *)&s->at, sizeof(s->at)) ||
        getsockname(s->holder, (struct sockaddr *)&s->at, &n))
        return NULL;
    s->listener = server_listen(s);
    snprintf(s->origin, sizeof(s->origin), "http://127.0.0.1:%d", (int)ntohs(s->at.sin_port));
    snprintf(s->base, sizeof(s->base), "%s/v1", s->origin);
    if (s->listener < 0 || pthread_create(&s->thread, NULL, server_main, s) != 0)
        return NULL;
    return s;
}

const char *chaos_server_base(const struct chaos_server *s)
{
    return s->base;
}

void chaos_server_stop(struct chaos_server *s)
{
    close(s->stop[1]);
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->count; i++)
        server_drop(s->conns[i], 0);
    server_sweep(s);
    if (s->listener >= 0)
        close(s->listener);
    close(s->holder);
    free(s);
}
