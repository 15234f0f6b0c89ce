/* SPDX-License-Identifier: MIT */
/* Knows libcurl's multi interface; must not know what is asked, paid or retried. */
#include "http/http.h"

#include "http/proxy_priv.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Large reads: an image is megabytes, and each turn of libcurl's loop costs. */
#define CURL_RECEIVE_BUFFER (256L * 1024)
/* Servers and balancers drop idle connections after about a minute; a POST on a dead one ends unknown. */
#define CURL_IDLE_SECONDS 30L

struct wire_exchange {
    struct wire_transport *owner;
    struct wire_exchange *next;
    CURL *easy;
    struct curl_slist *lines;
    const struct pie_http_request *request;
    struct pie_writer *body;
    struct pie_headers headers;
    uint32_t ticket;
    int32_t tries;   /* how often libcurl began to send it */
    int32_t resent;  /* a second try of a paid request was stopped */
    int32_t refused; /* a private address was refused */
    int32_t proxied; /* the peer is a proxy: its address says nothing about the server */
    int32_t private_peer;
    int32_t head_done;
    int32_t headers_whole; /* the empty line behind them came */
    int64_t started_us, first_byte_us;
    apipie_status writer_status;
    long sent_before;       /* bytes of a proxy's CONNECT, which libcurl counts too */
    size_t segment, offset; /* what has been read of the request body */
    uint64_t body_bytes;
    CURLcode code;
    char error[CURL_ERROR_SIZE];
};

struct wire_transport {
    struct pie_transport base;
    const struct pie_mem *mem;
    CURLM *multi;
    struct wire_exchange *active;
    struct wire_exchange *ended;
};

static void wire_init_once(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- what libcurl calls */

static size_t wire_on_header(char *line, size_t size, size_t count, void *user)
{
    struct wire_exchange *x = user;
    struct pie_slice s = pie_slice_trim(pie_slice(line, size * count));
    const char *colon = s.n != 0 ? memchr(s.p, ':', s.n) : NULL;
    /* libcurl's own figure is that of the upload when there is one. */
    if (x->first_byte_us == APIPIE_UNKNOWN)
        x->first_byte_us = pie_clock_us() - x->started_us;
    if (s.n == 0) {
        x->headers_whole = 1; /* trailers, behind the body, change nothing */
    } else if (pie_slice_starts_nocase(s, "HTTP/")) {
        x->headers_whole = 0;
        pie_headers_clear(&x->headers); /* after a 100 Continue the real ones come */
    } else if (colon != NULL) {
        size_t n = (size_t)(colon - s.p);
        /* What does not fit is dropped: no header is worth losing a paid picture for. */
        pie_headers_add(&x->headers, pie_slice(s.p, n), pie_slice(colon + 1, s.n - n - 1));
    }
    return size * count;
}

static void wire_head(struct wire_exchange *x)
{
    long status = 0;
    x->head_done = 1;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    x->writer_status = x->body->type->head(x->body, (int32_t)status, &x->headers);
}

static size_t wire_on_body(char *p, size_t size, size_t count, void *user)
{
    struct wire_exchange *x = user;
    size_t n = size * count;
    if (!x->head_done)
        wire_head(x);
    x->body_bytes += n;
    if (x->writer_status == APIPIE_OK)
        x->writer_status = x->body->type->write(x->body, (const uint8_t *)p, n);
    return x->writer_status == APIPIE_OK ? n : n + 1; /* another number than n stops libcurl */
}

/* Copies from one segment what fits; returns characters written. */
static size_t wire_read_segment(struct wire_exchange *x, const struct pie_segment *s, char *out,
                                size_t room)
{
    size_t left = s->n - x->offset;
    if (s->encode == NULL) {
        size_t n = left < room ? left : room;
        if (n != 0)
            memcpy(out, s->p + x->offset, n);
        x->offset += n;
        return n;
    }
    size_t bytes = room / 4 * 3;
    bytes = left < bytes ? left : bytes;
    size_t n = bytes != 0 ? s->encode(s->p + x->offset, bytes, out) : 0;
    x->offset += bytes;
    return n;
}

static size_t wire_on_read(char *out, size_t size, size_t count, void *user)
{
    struct wire_exchange *x = user;
    size_t room = size * count;
    size_t used = 0;
    while (x->segment < x->request->segment_count) {
        const struct pie_segment *s = &x->request->segments[x->segment];
        used += wire_read_segment(x, s, out + used, room - used);
        if (x->offset < s->n)
            break;
        x->segment++;
        x->offset = 0;
    }
    return used;
}

/* Called when a connection is there, before a byte of the request goes out. When a kept-alive connection dies
 * under a POST, libcurl would quietly send it once more, though the server may have drawn the picture. */
static int wire_on_before_send(void *user, char *peer, char *local, int peer_port, int local_port)
{
    struct wire_exchange *x = user;
    (void)local;
    (void)peer_port;
    (void)local_port;
    x->tries++;
    if (x->request->once && x->tries > 1) {
        x->resent = 1;
        return CURL_PREREQFUNC_ABORT;
    }
    x->segment = x->offset = 0;
    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &x->sent_before);
    x->private_peer = peer != NULL && !x->proxied && pie_url_host_is_private(peer);
    if (x->request->public_only &&
        x->private_peer) { /* a kept connection: it was opened for another request */
        x->refused = 1;
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

static int32_t wire_address_refused(const struct curl_sockaddr *a)
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

/* The address that is really used: a name that changes between check and use (DNS rebinding) does not help. */
static curl_socket_t wire_on_open(void *user, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct wire_exchange *x = user;
    (void)purpose;
    if (x->request->public_only && !x->proxied && wire_address_refused(a)) {
        x->refused = 1;
        return CURL_SOCKET_BAD;
    }
#ifdef SOCK_CLOEXEC
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
#else
    return socket(a->family, a->socktype, a->protocol);
#endif
}

/* ---- one exchange */

static void wire_exchange_free(struct wire_exchange *x)
{
    if (x->easy != NULL)
        curl_easy_cleanup(x->easy);
    for (struct curl_slist *line = x->lines; line != NULL; line = line->next)
        pie_mem_wipe(line->data, strlen(line->data)); /* one holds the key */
    curl_slist_free_all(x->lines);
    pie_headers_free(&x->headers);
    pie_mem_free(x->owner->mem, x);
}

static apipie_status wire_add_line(struct wire_exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->lines, line);
    if (longer == NULL)
        return APIPIE_E_MEMORY;
    x->lines = longer;
    return APIPIE_OK;
}

static apipie_status wire_add_headers(struct wire_exchange *x)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t at = 0;
    struct pie_buf line;
    /* Empty Expect: or libcurl waits a second for a 100 that many servers never send. */
    apipie_status status = wire_add_line(x, "Expect:");
    pie_buf_init(&line, x->owner->mem, PIE_HEADERS_MAX);
    while (status == APIPIE_OK && pie_headers_next(&x->request->headers, &at, &name, &value)) {
        pie_buf_clear(&line);
        pie_buf_add_text(&line, name);
        pie_buf_add_text(&line, ": ");
        pie_buf_add_text(&line, value);
        status = line.failed == APIPIE_OK ? wire_add_line(x, line.p) : line.failed;
    }
    if (line.p != NULL)
        pie_mem_wipe(line.p, line.cap);
    pie_buf_free(&line);
    return status;
}

#define CURL_SET(option, value)                                                                    \
    do {                                                                                           \
        if (curl_easy_setopt(x->easy, option, value) != CURLE_OK)                                  \
            return APIPIE_E_MEMORY;                                                                \
    } while (0)

static apipie_status wire_set_callbacks(struct wire_exchange *x)
{
    CURL_SET(CURLOPT_PRIVATE, (void *)x);
    CURL_SET(CURLOPT_ERRORBUFFER, x->error);
    CURL_SET(CURLOPT_HEADERFUNCTION, wire_on_header);
    CURL_SET(CURLOPT_HEADERDATA, (void *)x);
    CURL_SET(CURLOPT_WRITEFUNCTION, wire_on_body);
    CURL_SET(CURLOPT_WRITEDATA, (void *)x);
    CURL_SET(CURLOPT_PREREQFUNCTION, wire_on_before_send);
    CURL_SET(CURLOPT_PREREQDATA, (void *)x);
    CURL_SET(CURLOPT_OPENSOCKETFUNCTION, wire_on_open);
    CURL_SET(CURLOPT_OPENSOCKETDATA, (void *)x);
    return APIPIE_OK;
}

static apipie_status wire_set_safety(struct wire_exchange *x)
{
    CURL_SET(CURLOPT_NOSIGNAL, 1L);
    CURL_SET(CURLOPT_PROTOCOLS_STR, "http,https");
    CURL_SET(CURLOPT_FOLLOWLOCATION, 0L); /* redirects are legs of their own */
    CURL_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    CURL_SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* One HTTP/2 reset would leave every paid call of the connection unknown. */
    CURL_SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    CURL_SET(CURLOPT_MAXAGE_CONN, CURL_IDLE_SECONDS);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name lookup that hangs is left behind, not waited for. An older libcurl at run time refuses, and waits. */
    curl_easy_setopt(x->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    return APIPIE_OK;
}

/* Loopback never goes through a proxy, whatever the environment says. */
static apipie_status wire_set_proxy(struct wire_exchange *x)
{
    struct pie_url u;
    apipie_status status = pie_url_parse(x->owner->mem, x->request->url.p, &u);
    if (status != APIPIE_OK)
        return status;
    int32_t loopback = pie_url_host_is_loopback(u.host);
    x->proxied = !loopback && pie_proxy_applies(&u);
    pie_url_free(x->owner->mem, &u);
    if (loopback)
        CURL_SET(CURLOPT_PROXY, "");
    return APIPIE_OK;
}

static apipie_status wire_set_request(struct wire_exchange *x)
{
    const struct pie_http_request *q = x->request;
    CURL_SET(CURLOPT_URL, q->url.p);
    CURL_SET(CURLOPT_HTTPHEADER, x->lines);
    CURL_SET(CURLOPT_USERAGENT, "libapipie/" APIPIE_VERSION_STRING);
    CURL_SET(CURLOPT_ACCEPT_ENCODING, "");
    CURL_SET(CURLOPT_TCP_KEEPALIVE, 1L); /* minutes of silence while the picture is drawn */
    CURL_SET(CURLOPT_BUFFERSIZE, CURL_RECEIVE_BUFFER);
    CURL_SET(CURLOPT_CONNECTTIMEOUT_MS, (long)q->connect_timeout_ms);
    if (strcmp(q->method, "POST") == 0) {
        CURL_SET(CURLOPT_POST, 1L);
        CURL_SET(CURLOPT_READFUNCTION, wire_on_read);
        CURL_SET(CURLOPT_READDATA, (void *)x);
        CURL_SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)pie_http_request_length(q));
    }
    return wire_set_proxy(x);
}

static apipie_status wire_exchange_prepare(struct wire_exchange *x)
{
    x->easy = curl_easy_init();
    if (x->easy == NULL)
        return APIPIE_E_MEMORY;
    apipie_status status = wire_add_headers(x);
    if (status == APIPIE_OK)
        status = wire_set_callbacks(x);
    if (status == APIPIE_OK)
        status = wire_set_safety(x);
    return status == APIPIE_OK ? wire_set_request(x) : status;
}

/* ---- what came of it */

static int32_t wire_verdict(const struct wire_exchange *x)
{
    if (x->resent)
        return PIE_WIRE_RESENT;
    if (x->writer_status != APIPIE_OK)
        return PIE_WIRE_WRITER;
    if (x->refused)
        return PIE_WIRE_REFUSED;
    switch (x->code) {
    case CURLE_OK: /* libcurl is content with headers that break off */
        return x->headers_whole ? PIE_WIRE_OK : PIE_WIRE_CUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return PIE_WIRE_LOOKUP;
    case CURLE_COULDNT_CONNECT:
        return PIE_WIRE_CONNECT;
    case CURLE_OPERATION_TIMEDOUT: /* the only limit that libcurl is given */
        return PIE_WIRE_CONNECT_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
        return PIE_WIRE_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return PIE_WIRE_CERTIFICATE;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return PIE_WIRE_CUT;
    case CURLE_OUT_OF_MEMORY:
        return PIE_WIRE_MEMORY;
    default:
        return PIE_WIRE_OTHER;
    }
}

static int64_t wire_time(const struct wire_exchange *x, CURLINFO which)
{
    curl_off_t us = 0;
    if (curl_easy_getinfo(x->easy, which, &us) != CURLE_OK || us <= 0)
        return APIPIE_UNKNOWN;
    return (int64_t)us;
}

static void wire_fill_outcome(struct wire_exchange *x, int32_t wire, struct pie_outcome *ret)
{
    long status = 0;
    long sent = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);
    ret->wire = wire;
    ret->writer_status = x->writer_status;
    ret->status = (int32_t)status;
    ret->sent = (x->tries > 0 && sent > x->sent_before) || x->resent;
    ret->private_peer = x->private_peer;
    ret->body_bytes = x->body_bytes;
    ret->lookup_us = wire_time(x, CURLINFO_NAMELOOKUP_TIME_T);
    ret->connect_us = wire_time(x, CURLINFO_CONNECT_TIME_T);
    ret->tls_us = wire_time(x, CURLINFO_APPCONNECT_TIME_T);
    ret->first_byte_us = x->first_byte_us;
    ret->total_us = wire_time(x, CURLINFO_TOTAL_TIME_T);
    const char *words = x->error[0] != '\0' ? x->error : curl_easy_strerror(x->code);
    if (x->code == CURLE_OK)
        words = x->headers_whole ? "" : "the reply ends in its headers";
    pie_text_display(pie_slice_text(words), ret->detail, sizeof(ret->detail));
    struct pie_headers empty = ret->headers;
    ret->headers = x->headers;
    x->headers = empty;
}

/* Takes the exchange with that ticket out of a list. */
static struct wire_exchange *wire_unlink(struct wire_exchange **list, uint32_t ticket)
{
    for (; *list != NULL; list = &(*list)->next) {
        if ((*list)->ticket == ticket) {
            struct wire_exchange *x = *list;
            *list = x->next;
            x->next = NULL;
            return x;
        }
    }
    return NULL;
}

/* A whole response: one without a body has not reached the writer yet. */
static void wire_complete(struct wire_exchange *x)
{
    if (!x->head_done)
        wire_head(x);
    if (x->writer_status == APIPIE_OK)
        x->writer_status = x->body->type->end(x->body);
}

static void wire_harvest(struct wire_transport *t)
{
    int left = 0;
    CURLMsg *m = NULL;
    while ((m = curl_multi_info_read(t->multi, &left)) != NULL) {
        struct wire_exchange *x = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result; /* m dies with the next call */
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        x->code = code;
        curl_multi_remove_handle(t->multi, x->easy);
        wire_unlink(&t->active, x->ticket);
        if (code == CURLE_OK && x->headers_whole)
            wire_complete(x);
        x->next = t->ended;
        t->ended = x;
    }
}

/* ---- the transport */

static apipie_status wire_submit(struct pie_transport *base, const struct pie_http_request *q,
                                 struct pie_writer *body, uint32_t ticket)
{
    struct wire_transport *t = (struct wire_transport *)base;
    struct wire_exchange *x = pie_mem_new(t->mem, 1, sizeof(*x));
    if (x == NULL)
        return APIPIE_E_MEMORY;
    x->owner = t;
    x->request = q;
    x->body = body;
    x->ticket = ticket;
    x->started_us = pie_clock_us();
    x->first_byte_us = APIPIE_UNKNOWN;
    pie_headers_init(&x->headers, t->mem);
    apipie_status status = wire_exchange_prepare(x);
    if (status == APIPIE_OK && curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
        status = APIPIE_E_MEMORY;
    if (status != APIPIE_OK) {
        wire_exchange_free(x);
        return status;
    }
    x->next = t->active;
    t->active = x;
    return APIPIE_OK;
}

static void wire_cancel(struct pie_transport *base, uint32_t ticket, struct pie_outcome *ret)
{
    struct wire_transport *t = (struct wire_transport *)base;
    struct wire_exchange *x = wire_unlink(&t->active, ticket);
    if (x != NULL) {
        /* Asked before it is removed: that resets some of the figures. */
        wire_fill_outcome(x, PIE_WIRE_STOPPED, ret);
        curl_multi_remove_handle(t->multi, x->easy);
    } else {
        x = wire_unlink(&t->ended, ticket);
        if (x == NULL)
            return;
        wire_fill_outcome(x, wire_verdict(x), ret);
    }
    wire_exchange_free(x);
}

/* libcurl itself is out of memory: what is in flight ends with that, or the caller would turn in circles. */
static void wire_fail_all(struct wire_transport *t)
{
    while (t->active != NULL) {
        struct wire_exchange *x = wire_unlink(&t->active, t->active->ticket);
        curl_multi_remove_handle(t->multi, x->easy);
        x->code = CURLE_OUT_OF_MEMORY;
        x->next = t->ended;
        t->ended = x;
    }
}

static apipie_status wire_turn(struct wire_transport *t)
{
    int running = 0;
    if (curl_multi_perform(t->multi, &running) != CURLM_OK) {
        wire_fail_all(t);
        return APIPIE_E_MEMORY;
    }
    wire_harvest(t);
    return APIPIE_OK;
}

static apipie_status wire_drive(struct pie_transport *base, int64_t timeout_ms)
{
    struct wire_transport *t = (struct wire_transport *)base;
    apipie_status status = wire_turn(t);
    if (status != APIPIE_OK || t->ended != NULL || timeout_ms <= 0)
        return status;
    int wait = timeout_ms > 1000000 ? 1000000 : (int)timeout_ms;
    if (curl_multi_poll(t->multi, NULL, 0, wait, NULL) != CURLM_OK) {
        wire_fail_all(t);
        return APIPIE_E_MEMORY;
    }
    return wire_turn(t);
}

static int32_t wire_next(struct pie_transport *base, uint32_t *ret_ticket, struct pie_outcome *ret)
{
    struct wire_transport *t = (struct wire_transport *)base;
    struct wire_exchange *x = t->ended;
    if (x == NULL)
        return 0;
    t->ended = x->next;
    wire_fill_outcome(x, wire_verdict(x), ret);
    *ret_ticket = x->ticket;
    wire_exchange_free(x);
    return 1;
}

static void wire_wakeup(struct pie_transport *base)
{
    curl_multi_wakeup(((struct wire_transport *)base)->multi);
}

static void wire_close(struct pie_transport *base)
{
    struct wire_transport *t = (struct wire_transport *)base;
    while (t->active != NULL) {
        struct wire_exchange *x = wire_unlink(&t->active, t->active->ticket);
        curl_multi_remove_handle(t->multi, x->easy);
        wire_exchange_free(x);
    }
    while (t->ended != NULL)
        wire_exchange_free(wire_unlink(&t->ended, t->ended->ticket));
    if (t->multi != NULL)
        curl_multi_cleanup(t->multi);
    pie_mem_free(t->mem, t);
}

static const struct pie_transport_type wire_transport_type = {
    "curl", wire_submit, wire_cancel, wire_drive, wire_next, wire_wakeup, wire_close,
};

apipie_status pie_curl_transport_new(const struct pie_mem *mem, struct pie_transport **ret)
{
    pie_once(wire_init_once);
    struct wire_transport *t = pie_mem_new(mem, 1, sizeof(*t));
    if (t == NULL)
        return APIPIE_E_MEMORY;
    t->base.type = &wire_transport_type;
    t->mem = mem;
    t->multi = curl_multi_init();
    if (t->multi == NULL) {
        wire_close(&t->base);
        return APIPIE_E_MEMORY;
    }
    *ret = &t->base;
    return APIPIE_OK;
}
