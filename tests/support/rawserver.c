/* SPDX-License-Identifier: MIT */
/* Threads, sockets and the little HTTP that is needed to know where a request ends; knows nothing of images. */
#include "rawserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RAW_CONNECTIONS 2048 /* at once */
#define RAW_REQUESTS    32768
#define RAW_BACKLOG     1024
#define RAW_STACK       (512UL * 1024)
#define RAW_HEAD_MAX    (1024 * 1024)
#define RAW_BODY_MAX    (512UL * 1024 * 1024)

struct raw_conn {
    struct raw_server *server;
    pthread_t thread;
    int fd; /* -1: closed by the handler */
    int32_t number;
    int done; /* its thread has nothing more to do; guarded by the server's lock */
    char *in; /* what was read and not yet used */
    size_t in_size, in_cap;
};

struct raw_server {
    raw_handler handler;
    void *user;
    int fd;
    int stop[2]; /* a pipe: the end of it wakes every poll() */
    int32_t delay_ms;
    pthread_t thread;
    char origin[64], base[80];
    pthread_mutex_t lock; /* of all that follows */
    struct raw_conn *conns[RAW_CONNECTIONS];
    int32_t conn_count, conn_total;
    struct raw_request *requests[RAW_REQUESTS];
    int32_t request_count;
    int32_t work, busiest;
};

/* 1: readable (or at its end), 0: time is up, -1: the server stops. */
static int raw_poll(struct raw_server *s, int fd, int timeout_ms)
{
    struct pollfd p[2] = {{s->stop[0], POLLIN, 0}, {fd, POLLIN, 0}};
    int n;
    do {
        n = poll(p, fd < 0 ? 1 : 2, timeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n <= 0)
        return 0;
    return p[0].revents ? -1 : 1;
}

/* ---- reading */

static int raw_more(struct raw_conn *c)
{
    if (raw_poll(c->server, c->fd, -1) != 1)
        return -1;
    if (c->in_cap - c->in_size < 65536) {
        size_t cap = c->in_cap * 2 + 65536 + 1;
        char *in = realloc(c->in, cap);
        if (!in)
            return -1;
        c->in = in;
        c->in_cap = cap;
    }
    ssize_t n = recv(c->fd, c->in + c->in_size, c->in_cap - c->in_size - 1, 0);
    if (n <= 0)
        return -1;
    c->in_size += (size_t)n;
    c->in[c->in_size] = 0;
    return 0;
}

static void raw_take(struct raw_conn *c, size_t n)
{
    memmove(c->in, c->in + n, c->in_size - n + 1);
    c->in_size -= n;
}

static char *raw_copy(const char *p, size_t n)
{
    char *copy = malloc(n + 1);
    if (copy) {
        if (n > 0)
            memcpy(copy, p, n);
        copy[n] = 0;
    }
    return copy;
}

/* Somebody wants TLS here: answered as plain servers do. */
static int raw_is_tls(const struct raw_conn *c)
{
    return c->in_size > 0 && c->in[0] == 0x16;
}

/* Up to and with the empty line; the length of it, or 0. */
static size_t raw_read_head(struct raw_conn *c)
{
    for (;;) {
        if (raw_is_tls(c)) {
            raw_send_text(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            return 0;
        }
        const char *end = c->in ? strstr(c->in, "\r\n\r\n") : NULL;
        if (end)
            return (size_t)(end - c->in) + 4;
        /* The first read may bring a large piece of the body with it. */
        if (c->in_size >= RAW_HEAD_MAX || raw_more(c))
            return 0;
    }
}

static int raw_split_head(struct raw_conn *c, size_t head, struct raw_request *q)
{
    const char *line_end = strstr(c->in, "\r\n");
    const char *space = memchr(c->in, ' ', (size_t)(line_end - c->in));
    if (!space)
        return -1;
    const char *second = memchr(space + 1, ' ', (size_t)(line_end - space - 1));
    if (!second)
        return -1;
    q->method = raw_copy(c->in, (size_t)(space - c->in));
    q->path = raw_copy(space + 1, (size_t)(second - space - 1));
    q->head = raw_copy(line_end + 2, head - (size_t)(line_end + 2 - c->in) - 2);
    return q->method && q->path && q->head ? 0 : -1;
}

static int raw_read_exact(struct raw_conn *c, size_t n)
{
    while (c->in_size < n)
        if (raw_more(c))
            return -1;
    return 0;
}

static int raw_read_length(struct raw_conn *c, struct raw_request *q, size_t n)
{
    if (n > RAW_BODY_MAX || raw_read_exact(c, n))
        return -1;
    q->body = raw_copy(c->in, n);
    q->body_size = n;
    raw_take(c, n);
    return q->body ? 0 : -1;
}

static int raw_read_line(struct raw_conn *c, char *line, size_t capacity)
{
    const char *end;
    while (!(end = c->in ? strstr(c->in, "\r\n") : NULL))
        if (c->in_size >= capacity || raw_more(c))
            return -1;
    size_t n = (size_t)(end - c->in);
    if (n >= capacity)
        return -1;
    memcpy(line, c->in, n);
    line[n] = 0;
    raw_take(c, n + 2);
    return 0;
}

static int raw_read_chunks(struct raw_conn *c, struct raw_request *q)
{
    char line[1024];
    for (;;) {
        if (raw_read_line(c, line, sizeof line))
            return -1;
        size_t n = strtoul(line, NULL, 16);
        if (n > RAW_BODY_MAX || raw_read_exact(c, n + 2))
            return -1;
        char *body = realloc(q->body, q->body_size + n + 1);
        if (!body)
            return -1;
        memcpy(body + q->body_size, c->in, n);
        q->body = body;
        q->body_size += n;
        body[q->body_size] = 0;
        raw_take(c, n + 2);
        if (n == 0)
            return 0;
    }
}

int32_t raw_request_header(const struct raw_request *q, const char *name, char *out,
                           size_t capacity)
{
    size_t n = strlen(name);
    for (const char *line = q->head; *line;) {
        const char *end = strstr(line, "\r\n");
        if (!end)
            end = line + strlen(line);
        if ((size_t)(end - line) > n && strncasecmp(line, name, n) == 0 && line[n] == ':') {
            const char *value = line + n + 1;
            while (*value == ' ')
                value++;
            snprintf(out, capacity, "%.*s", (int)(end - value), value);
            return 1;
        }
        line = *end ? end + 2 : end;
    }
    return 0;
}

static void raw_request_free(struct raw_request *q)
{
    if (!q)
        return;
    free(q->method);
    free(q->path);
    free(q->head);
    free(q->body);
    free(q);
}

static int raw_read_body(struct raw_conn *c, struct raw_request *q)
{
    char value[64];
    if (raw_request_header(q, "Expect", value, sizeof value))
        raw_send_text(c, "HTTP/1.1 100 Continue\r\n\r\n");
    if (raw_request_header(q, "Transfer-Encoding", value, sizeof value))
        return raw_read_chunks(c, q);
    size_t n = 0;
    if (raw_request_header(q, "Content-Length", value, sizeof value))
        n = strtoul(value, NULL, 10);
    return raw_read_length(c, q, n);
}

static struct raw_request *raw_read_request(struct raw_conn *c)
{
    struct raw_request *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    size_t head = raw_read_head(c);
    if (head == 0 || raw_split_head(c, head, q)) {
        raw_request_free(q);
        return NULL;
    }
    raw_take(c, head);
    if (raw_read_body(c, q)) {
        raw_request_free(q);
        return NULL;
    }
    return q;
}

static int64_t raw_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int raw_record(struct raw_server *s, struct raw_request *q)
{
    q->came_ms = raw_now_ms();
    pthread_mutex_lock(&s->lock);
    int full = s->request_count == RAW_REQUESTS;
    if (!full) {
        s->requests[s->request_count++] = q;
        q->number = s->request_count;
    }
    pthread_mutex_unlock(&s->lock);
    return full;
}

/* ---- answering */

void raw_send(struct raw_conn *c, const void *p, size_t n)
{
    const char *at = p;
    while (n > 0 && c->fd >= 0) {
        struct pollfd w[2] = {{c->server->stop[0], POLLIN, 0}, {c->fd, POLLOUT, 0}};
        if (poll(w, 2, -1) < 0 || w[0].revents)
            return;
        ssize_t sent = send(c->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (sent <= 0)
            return;
        at += sent;
        n -= (size_t)sent;
    }
}

void raw_send_text(struct raw_conn *c, const char *text)
{
    raw_send(c, text, strlen(text));
}

void raw_drip(struct raw_conn *c, const void *p, size_t n, size_t piece, int32_t pause_ms)
{
    const char *at = p;
    while (n > 0 && c->fd >= 0) {
        size_t now = n < piece ? n : piece;
        raw_send(c, at, now);
        at += now;
        n -= now;
        if (n > 0 && pause_ms > 0)
            raw_pause_ms(c, pause_ms);
    }
}

void raw_head(struct raw_conn *c, int32_t status, const char *headers)
{
    char line[64];
    snprintf(line, sizeof line, "HTTP/1.1 %d Test\r\n", (int)status);
    raw_send_text(c, line);
    raw_send_text(c, headers);
    raw_send_text(c, "\r\n");
}

void raw_reply(struct raw_conn *c, int32_t status, const char *headers, const void *body, size_t n)
{
    char line[128];
    snprintf(line, sizeof line, "HTTP/1.1 %d Test\r\nContent-Length: %zu\r\n", (int)status, n);
    raw_send_text(c, line);
    raw_send_text(c, headers);
    raw_send_text(c, "\r\n");
    raw_send(c, body, n);
}

void raw_reply_json(struct raw_conn *c, int32_t status, const char *body)
{
    raw_reply(c, status, "Content-Type: application/json\r\n", body, strlen(body));
}

void raw_chunk(struct raw_conn *c, const void *p, size_t n)
{
    char line[32];
    snprintf(line, sizeof line, "%zx\r\n", n);
    raw_send_text(c, line);
    raw_send(c, p, n);
    raw_send_text(c, "\r\n");
}

void raw_close(struct raw_conn *c)
{
    if (c->fd < 0)
        return;
    shutdown(c->fd, SHUT_WR);
    close(c->fd);
    c->fd = -1;
}

void raw_reset(struct raw_conn *c)
{
    struct linger now = {1, 0};
    if (c->fd < 0)
        return;
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c->fd);
    c->fd = -1;
}

void raw_pause_ms(struct raw_conn *c, int32_t ms)
{
    raw_poll(c->server, -1, ms);
}

void raw_stall(struct raw_conn *c)
{
    char drop[4096];
    while (c->fd >= 0 && raw_poll(c->server, c->fd, -1) == 1)
        if (recv(c->fd, drop, sizeof drop, 0) <= 0)
            return;
}

void raw_work(struct raw_conn *c, int32_t by)
{
    struct raw_server *s = c->server;
    pthread_mutex_lock(&s->lock);
    s->work += by;
    s->busiest = s->work > s->busiest ? s->work : s->busiest;
    pthread_mutex_unlock(&s->lock);
}

const char *raw_origin(const struct raw_conn *c)
{
    return c->server->origin;
}

struct raw_server *raw_server_of(const struct raw_conn *c)
{
    return c->server;
}

/* ---- threads */

static void *raw_serve(void *arg)
{
    struct raw_conn *c = arg;
    int32_t turn = 0;
    while (c->fd >= 0) {
        struct raw_request *q = raw_read_request(c);
        if (!q)
            break;
        q->connection = c->number;
        q->turn = ++turn;
        if (raw_record(c->server, q)) {
            raw_request_free(q);
            break;
        }
        c->server->handler(c, q, c->server->user);
    }
    raw_close(c);
    free(c->in);
    c->in = NULL;
    pthread_mutex_lock(&c->server->lock);
    c->done = 1;
    pthread_mutex_unlock(&c->server->lock);
    return NULL;
}

/* Those that are over make room for others. The lock is held. */
static void raw_reap(struct raw_server *s)
{
    for (int32_t i = 0; i < s->conn_count; i++) {
        if (!s->conns[i]->done)
            continue;
        pthread_join(s->conns[i]->thread, NULL);
        free(s->conns[i]);
        s->conns[i--] = s->conns[--s->conn_count];
    }
}

static int raw_thread(struct raw_conn *c)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, RAW_STACK);
    int failed = pthread_create(&c->thread, &attributes, raw_serve, c);
    pthread_attr_destroy(&attributes);
    return failed;
}

static void raw_accept(struct raw_server *s)
{
    int on = 1;
    int fd = accept(s->fd, NULL, NULL);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    pthread_mutex_lock(&s->lock);
    raw_reap(s);
    struct raw_conn *c = s->conn_count < RAW_CONNECTIONS ? calloc(1, sizeof *c) : NULL;
    if (c) {
        c->server = s;
        c->fd = fd;
        c->number = ++s->conn_total;
        if (raw_thread(c) == 0) {
            s->conns[s->conn_count++] = c;
            fd = -1;
        } else {
            free(c);
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (fd >= 0)
        close(fd);
}

static void *raw_listen(void *arg)
{
    struct raw_server *s = arg;
    if (s->delay_ms > 0 && raw_poll(s, -1, s->delay_ms) < 0)
        return NULL;
    if (s->delay_ms > 0 && listen(s->fd, RAW_BACKLOG))
        return NULL;
    while (raw_poll(s, s->fd, -1) == 1)
        raw_accept(s);
    return NULL;
}

/* A socket bound to a free port of the loopback; its number goes to *ret_port. */
static int raw_bind(int *ret_port)
{
    struct sockaddr_in at = {0};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) ||
        getsockname(fd, (struct sockaddr *)&at, &n)) {
        close(fd);
        return -1;
    }
    *ret_port = ntohs(at.sin_port);
    return fd;
}

struct raw_server *raw_server_start_late(raw_handler handler, void *user, int32_t delay_ms)
{
    int port = 0;
    struct raw_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->handler = handler;
    s->user = user;
    s->delay_ms = delay_ms;
    pthread_mutex_init(&s->lock, NULL);
    s->fd = raw_bind(&port);
    if (s->fd < 0 || pipe(s->stop))
        abort(); /* a test machine without sockets */
    snprintf(s->origin, sizeof s->origin, "http://127.0.0.1:%d", port);
    snprintf(s->base, sizeof s->base, "%s/v1", s->origin);
    if ((delay_ms <= 0 && listen(s->fd, RAW_BACKLOG)) ||
        pthread_create(&s->thread, NULL, raw_listen, s))
        abort();
    return s;
}

struct raw_server *raw_server_start(raw_handler handler, void *user)
{
    return raw_server_start_late(handler, user, 0);
}

struct raw_server *raw_server_stop(struct raw_server *s)
{
    if (!s)
        return NULL;
    close(s->stop[1]);
    pthread_join(s->thread, NULL);
    for (int32_t i = 0; i < s->conn_count; i++) {
        pthread_join(s->conns[i]->thread, NULL);
        free(s->conns[i]);
    }
    for (int32_t i = 0; i < s->request_count; i++)
        raw_request_free(s->requests[i]);
    close(s->stop[0]);
    close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

const char *raw_server_origin(const struct raw_server *s)
{
    return s->origin;
}

const char *raw_server_base(const struct raw_server *s)
{
    return s->base;
}

int32_t raw_server_count(struct raw_server *s, const char *method)
{
    int32_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (int32_t i = 0; i < s->request_count; i++)
        n += !method || strcmp(s->requests[i]->method, method) == 0;
    pthread_mutex_unlock(&s->lock);
    return n;
}

int32_t raw_server_connections(struct raw_server *s)
{
    pthread_mutex_lock(&s->lock);
    int32_t n = s->conn_total;
    pthread_mutex_unlock(&s->lock);
    return n;
}

const struct raw_request *raw_server_request(struct raw_server *s, int32_t index)
{
    pthread_mutex_lock(&s->lock);
    const struct raw_request *q = index < s->request_count ? s->requests[index] : NULL;
    pthread_mutex_unlock(&s->lock);
    return q;
}

int32_t raw_server_busiest(struct raw_server *s)
{
    pthread_mutex_lock(&s->lock);
    int32_t n = s->busiest;
    pthread_mutex_unlock(&s->lock);
    return n;
}
