/* SPDX-License-Identifier: MIT */
/* Knows what libcurl calls while an exchange runs; must not know how it was set up, nor judge what came of it. */
#include "http/curl_priv.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the headers of most replies, in a block of the size that allocators keep at hand. */
#define EXCHANGE_HEADERS_FIRST 1000
/* Bytes of bodies in one turn after which it lets itself be interrupted. Small replies are not worth the trouble. */
#define EXCHANGE_MUCH ((size_t)1 << 20)

static void exchange_keep_header(struct pie_curl_exchange *x, struct pie_slice s)
{
    const char *colon = memchr(s.p, ':', s.n);
    if (colon == NULL)
        return;
    if (x->headers.text.p == NULL)
        pie_buf_reserve(&x->headers.text, EXCHANGE_HEADERS_FIRST);
    size_t n = (size_t)(colon - s.p);
    /* What does not fit is dropped: no header is worth losing a paid picture for. */
    pie_headers_add(&x->headers, pie_slice(s.p, n), pie_slice(colon + 1, s.n - n - 1));
}

static void exchange_phase(struct pie_curl_exchange *x, int32_t phase)
{
    if (x->request->view != NULL)
        pie_atomic_set(&x->request->view->phase, phase);
}

size_t pie_curl_on_header(char *line, size_t size, size_t count, void *user)
{
    struct pie_curl_exchange *x = user;
    struct pie_slice s = pie_slice_trim(pie_slice(line, size * count));
    x->progress->last_byte_us = pie_clock_us();
    /* libcurl's own figure is that of the upload when there is one. */
    if (x->progress->first_byte_us == APIPIE_UNKNOWN) {
        x->progress->first_byte_us = x->progress->last_byte_us;
        exchange_phase(x, APIPIE_PHASE_RECEIVING);
    }
    if (s.n == 0) {
        x->headers_whole = 1; /* trailers, behind the body, change nothing */
    } else if (pie_slice_starts_nocase(s, "HTTP/")) {
        x->headers_whole = 0;
        pie_headers_clear(&x->headers); /* after a 100 Continue the real ones come */
    } else {
        exchange_keep_header(x, s);
    }
    return size * count;
}

static void exchange_head(struct pie_curl_exchange *x)
{
    long status = 0;
    x->head_done = 1;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    x->writer_status = x->body->type->head(x->body, (int32_t)status, &x->headers);
}

/* The first piece of a turn is always taken, or a small budget would never get anywhere. The others wait inside libcurl: when the
 * time is up, and when somebody woke us, who may want to cancel this; libcurl would go on for as long as bytes come quickly. */
static int32_t exchange_must_wait(struct pie_curl_exchange *x, size_t n)
{
    struct pie_curl_transport *t = x->transport;
    int32_t wait = t->taken != 0 && (pie_curl_time_is_up(t) ||
                                     (t->taken >= EXCHANGE_MUCH && pie_atomic_get(&t->urgent)));
    t->taken += n;
    if (!wait)
        return 0;
    x->progress->behind = 1;
    pie_curl_move(x, &t->paused);
    return 1;
}

size_t pie_curl_on_body(char *p, size_t size, size_t count, void *user)
{
    struct pie_curl_exchange *x = user;
    size_t n = size * count;
    if (exchange_must_wait(x, n))
        return CURL_WRITEFUNC_PAUSE;
    if (!x->head_done)
        exchange_head(x);
    x->progress->down += n;
    if (x->request->view != NULL)
        pie_count_add(&x->request->view->down, (int64_t)n);
    if (x->writer_status == APIPIE_OK)
        x->writer_status = x->body->type->write(x->body, (const uint8_t *)p, n);
    return x->writer_status == APIPIE_OK ? n : n + 1; /* another number than n stops libcurl */
}

void pie_curl_complete(struct pie_curl_exchange *x)
{
    if (!x->head_done)
        exchange_head(x);
    if (x->writer_status == APIPIE_OK)
        x->writer_status = x->body->type->end(x->body);
}

size_t pie_curl_on_read(char *out, size_t size, size_t count, void *user)
{
    struct pie_curl_exchange *x = user;
    size_t n = pie_http_request_read(x->request, &x->read, out, size * count);
    return x->read.reason == NULL ? n : CURL_READFUNC_ABORT;
}

/* libcurl counts a byte of the body when the socket, or the TLS library, has taken it; a byte of the head likewise. */
static int32_t exchange_all_sent(const struct pie_curl_exchange *x)
{
    long sent = 0;
    if (x->tries == 0)
        return 0;
    if (x->length != 0)
        return x->progress->up >= x->length;
    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > x->sent_before;
}

/* libcurl calls this after each turn of an exchange, whatever the turn was for: sent_us is when the turn ended that handed the
 * last byte to the system, which may hold it for a while. */
int pie_curl_on_progress(void *user, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                         curl_off_t up)
{
    struct pie_curl_exchange *x = user;
    struct pie_progress *p = x->progress;
    struct pie_view *view = x->request->view;
    int32_t moved = down != x->received || (uint64_t)up != p->up;
    (void)up_all;
    if (view != NULL && (uint64_t)up > p->up)
        pie_count_add(&view->up, (int64_t)up - (int64_t)p->up);
    if (view != NULL && down_all > x->announced)
        pie_count_add(&view->down_all, down_all - x->announced);
    x->announced = down_all > x->announced ? down_all : x->announced;
    x->received = down;
    p->up = (uint64_t)up;
    int32_t all = p->sent_us == APIPIE_UNKNOWN && exchange_all_sent(x);
    if (moved || all)
        p->last_byte_us = pie_clock_us();
    if (all) {
        p->sent_us = p->last_byte_us;
        if (p->first_byte_us == APIPIE_UNKNOWN)
            exchange_phase(x, APIPIE_PHASE_DRAWING);
    }
    return 0;
}

/* Called when a connection is there, before a byte of the request goes out. When a kept-alive connection dies
 * under a POST, libcurl would quietly send it once more, though the server may have drawn the picture. */
int pie_curl_on_before_send(void *user, char *peer, char *local, int peer_port, int local_port)
{
    struct pie_curl_exchange *x = user;
    (void)local;
    (void)peer_port;
    (void)local_port;
    x->tries++;
    if (x->request->once && x->tries > 1) {
        x->resent = 1;
        return CURL_PREREQFUNC_ABORT;
    }
    pie_http_place_rewind(&x->read);
    x->opening_n = 0;
    exchange_phase(x, APIPIE_PHASE_SENDING);
    x->progress->sent_us = APIPIE_UNKNOWN;
    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &x->sent_before);
    x->private_peer = peer != NULL && !x->proxied && pie_url_host_is_private(peer);
    if (x->request->public_only &&
        x->private_peer) { /* a kept connection: it was opened for another request */
        x->refused = 1;
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

static int32_t exchange_address_refused(const struct curl_sockaddr *a)
{
    if (a->family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, &a->addr, sizeof(in));
        return pie_address_is_private((const uint8_t *)&in.sin_addr, 4);
    }
    if (a->family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, (const void *)&a->addr, sizeof(in6) < a->addrlen ? sizeof(in6) : a->addrlen);
        return pie_address_is_private((const uint8_t *)&in6.sin6_addr, 16);
    }
    return 1;
}

static curl_socket_t exchange_socket(const struct curl_sockaddr *a)
{
#ifdef SOCK_CLOEXEC
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
#else
    return socket(a->family, a->socktype, a->protocol);
#endif
}

static struct pie_curl_socket *exchange_find_socket(struct pie_curl_sockets *l, curl_socket_t s)
{
    size_t i = 0;
    while (i < l->n && l->each[i].s != s)
        i++;
    return i < l->n ? &l->each[i] : NULL;
}

static void exchange_forget_socket(struct pie_curl_sockets *l, curl_socket_t s)
{
    struct pie_curl_socket *noted = exchange_find_socket(l, s);
    if (noted != NULL)
        *noted = l->each[--l->n];
}

static void exchange_note_socket(struct pie_curl_exchange *x, curl_socket_t s)
{
    struct pie_curl_transport *t = x->transport;
    struct pie_curl_sockets *l = &t->sockets;
    exchange_forget_socket(l, s); /* one of that number was closed without a word */
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 16 : l->room * 2;
        struct pie_curl_socket *more = pie_mem_resize(t->mem, l->each, room * sizeof(*more));
        l->lost |= more == NULL;
        if (more == NULL)
            return;
        l->each = more;
        l->room = room;
    }
    l->each[l->n].s = s;
    l->each[l->n].opener = x;
    l->each[l->n++].identity = pie_descriptor_identity(s);
}

/* The address that is really used: a name that changes between check and use (DNS rebinding) does not help. */
curl_socket_t pie_curl_on_open(void *user, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct pie_curl_exchange *x = user;
    (void)purpose;
    exchange_phase(x, APIPIE_PHASE_CONNECTING);
    if (x->request->public_only && !x->proxied && exchange_address_refused(a)) {
        x->refused = 1;
        return CURL_SOCKET_BAD;
    }
    curl_socket_t s = exchange_socket(a);
    if (s == CURL_SOCKET_BAD)
        return s;
    exchange_note_socket(x, s);
    x->opening[x->opening_n++ % PIE_CURL_OPENING] = s;
    return s;
}

int pie_curl_on_close(void *user, curl_socket_t s)
{
    struct pie_curl_transport *t = user;
    exchange_forget_socket(&t->sockets, s);
    return close(s);
}

/* libcurl (7.88) closes what is no connection yet without pie_curl_on_close(), and says only afterwards that it need not be watched.
 * Closing alone does not end the watching where a forked child has a copy: so it ends before. */
void pie_curl_unwatch(struct pie_curl_exchange *x)
{
    struct pie_curl_transport *t = x->transport;
    size_t n = x->opening_n < PIE_CURL_OPENING ? x->opening_n : PIE_CURL_OPENING;
    for (size_t i = 0; i < n && !t->abandoned; i++) {
        const struct pie_curl_socket *noted = exchange_find_socket(&t->sockets, x->opening[i]);
        if (noted == NULL || noted->opener != x)
            continue;
        pie_poller_watch(t->poller, x->opening[i], 0);
        exchange_forget_socket(&t->sockets, x->opening[i]);
    }
    x->opening_n = 0;
}
