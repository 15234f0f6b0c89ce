/* SPDX-License-Identifier: MIT */
/* Inside the transport by libcurl. curl.c: the transport and its lists; curl_turn.c: sockets, timers and the time that a turn may
 * take; curl_setup.c: what a handle is told before it is sent;
 * curl_exchange.c: what libcurl calls while it runs; curl_outcome.c: what came of it. */
#ifndef PIE_CURL_PRIV_H
#define PIE_CURL_PRIV_H

#include "http/http.h"

#include <curl/curl.h>

#define PIE_CURL_ORIGINS 4
#define PIE_CURL_OPENING 4
/* Bytes of a reply on the wire that need no large buffer. */
#define PIE_CURL_SMALL (64 * 1024)

/* What is known of a server. */
struct pie_curl_origin {
    char *text; /* "https://host:port", as it stands in the URL */
    size_t n;
    struct pie_url url;
    int32_t loopback;
    int32_t small; /* its last good reply was */
};

struct pie_curl_transport;

/* Header lines as libcurl takes them. */
struct pie_curl_lines {
    struct curl_slist *each;
    size_t count, room;
    struct pie_buf text; /* what they point into */
};

/* One exchange, and the handle it runs on: both are used again when all went well. */
struct pie_curl_exchange {
    struct pie_curl_transport *transport;
    struct pie_curl_exchange *next, *previous; /* in the list `home` */
    struct pie_curl_list *home;
    CURL *easy;
    struct pie_curl_lines lines;
    const struct pie_http_request *request;
    struct pie_curl_origin *origin; /* of the transport; may become that of another server */
    struct pie_writer *body;
    struct pie_progress *progress;
    void *owner;
    struct pie_headers headers;
    uint64_t length; /* of the request body */
    int32_t tries;   /* how often libcurl began to send it */
    int32_t resent;  /* a second try of a paid request was stopped */
    int32_t refused; /* a private address was refused */
    int32_t
        ready; /* the handle has been told what is the same for all requests of these settings: */
    uint64_t serial;    /* ... those of that number */
    int32_t ours;       /* ... to the client's own server */
    int32_t proxied;    /* the peer is a proxy: its address says nothing about the server */
    int32_t asks_proxy; /* ... and the answer may be the proxy's own */
    int32_t private_peer;
    int32_t head_done;
    int32_t headers_whole; /* the empty line behind them came */
    apipie_status writer_status;
    long sent_before;           /* bytes of a proxy's CONNECT, which libcurl counts too */
    struct pie_http_place read; /* what has been read of the request body */
    curl_socket_t
        opening[PIE_CURL_OPENING]; /* the last that it opened, none of them a connection yet */
    size_t opening_n;
    curl_off_t received;  /* bytes of the reply's body on the wire */
    curl_off_t announced; /* ... and how many are to come; 0: not known */
    int64_t connect_ms;   /* the limit for the connection, as libcurl has it */
    CURLcode code;
    char error[CURL_ERROR_SIZE];
};

/* First in, first out; taking one out of the middle is as cheap. */
struct pie_curl_list {
    struct pie_curl_exchange *first, *last;
    size_t count;
};

/* Sockets that are open, for abandon(). libcurl closes one that did not get as far as a connection without a word: its number may
 * be that of anything by then, which `identity` shows. */
struct pie_curl_socket {
    curl_socket_t s;
    uint64_t identity;
    const struct pie_curl_exchange *opener; /* to compare with: it may be gone */
};
struct pie_curl_sockets {
    struct pie_curl_socket *each;
    size_t n, room;
    int32_t lost; /* one could not be noted */
};

struct pie_curl_transport {
    struct pie_transport base;
    const struct pie_mem *mem;
    CURLM *multi;
    struct pie_poller *poller;
    int32_t asleep, woken, exposed; /* shared by threads; see wire_wakeup() */
    int32_t urgent;                 /* likewise: somebody woke us since the last turn ended */
    struct pie_curl_list active, paused, ended, spare;
    struct pie_curl_lines own; /* that every request has */
    size_t most;               /* exchanges out at once, so far */
    struct pie_curl_origin origins[PIE_CURL_ORIGINS];
    size_t oldest_origin;
    struct pie_curl_sockets sockets;
    int32_t secure;    /* TLS is in use: it writes to sockets without care for SIGPIPE */
    int32_t removing;  /* an exchange that has no connection yet is taken out */
    int32_t abandoned; /* in a child after fork(): what is shared with the parent stays as it is */
    int32_t broken;    /* libcurl or the poller failed in this turn */
    int32_t torn;      /* ... or in an earlier one: its books cannot be relied on */
    /* ---- of this turn */
    int64_t timer_us;  /* when libcurl wants to be called; INT64_MAX: it does not */
    int64_t until_us;  /* INT64_MAX: no end */
    size_t taken;      /* bytes of bodies that have been taken */
    int64_t turned_us; /* the end of the last turn; 0: there was none */
};

/* ---- curl.c */

/* From its list into another one. */
void pie_curl_move(struct pie_curl_exchange *x, struct pie_curl_list *list);
/* It has ended. */
void pie_curl_end(struct pie_curl_exchange *x, CURLcode code);

/* ---- curl_turn.c */

/* Before libcurl is called for the first time. */
void pie_curl_begin(void);

/* A multi handle that knows about our sockets and timers; NULL without memory. */
CURLM *pie_curl_multi_new(struct pie_curl_transport *t);
apipie_status pie_curl_drive(struct pie_transport *base, int64_t timeout_ms, int64_t *until_us);
int64_t pie_curl_timeout(struct pie_transport *base);
/* 1 when the rest of a body must wait for another turn. */
int32_t pie_curl_time_is_up(const struct pie_curl_transport *t);

/* ---- curl_setup.c */

void pie_curl_lines_init(struct pie_curl_lines *l, const struct pie_mem *mem);
/* Wipes the text, because one line holds the key; keeps the memory for the next. */
void pie_curl_lines_clear(struct pie_curl_lines *l);
void pie_curl_lines_free(struct pie_curl_lines *l);
/* Fills in those that every request has, the agent first. libcurl would write its own for agent and encodings twice and letter by
 * letter, which is a tenth of a small call. */
apipie_status pie_curl_lines_own(struct pie_curl_lines *l);
/* A new exchange with a handle that knows nothing yet; NULL without memory. */
struct pie_curl_exchange *pie_curl_exchange_new(struct pie_curl_transport *t);
struct pie_curl_exchange *pie_curl_exchange_free(struct pie_curl_exchange *x);
/* Tells the handle what this request is. */
apipie_status pie_curl_exchange_prepare(struct pie_curl_exchange *x);
/* Forgets the request and wipes its header lines: one holds the key. */
void pie_curl_exchange_clear(struct pie_curl_exchange *x);
void pie_curl_origins_free(struct pie_curl_transport *t);

/* ---- curl_exchange.c */

/* The sockets that it opened and that are no connection yet are not watched any more. */
void pie_curl_unwatch(struct pie_curl_exchange *x);

/* libcurl's callbacks; user is the exchange */

size_t pie_curl_on_header(char *line, size_t size, size_t count, void *user);
size_t pie_curl_on_body(char *p, size_t size, size_t count, void *user);
size_t pie_curl_on_read(char *out, size_t size, size_t count, void *user);
int pie_curl_on_progress(void *user, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                         curl_off_t up);
int pie_curl_on_before_send(void *user, char *peer, char *local, int peer_port, int local_port);
curl_socket_t pie_curl_on_open(void *user, curlsocktype purpose, struct curl_sockaddr *a);
int pie_curl_on_close(void *user, curl_socket_t s); /* user is the transport */
/* A whole response came: tells the writer, which has seen nothing yet of one without a body. */
void pie_curl_complete(struct pie_curl_exchange *x);

/* ---- curl_outcome.c */

/* PIE_WIRE_*, of an exchange that has ended by itself. */
int32_t pie_curl_verdict(const struct pie_curl_exchange *x);
void pie_curl_fill_outcome(struct pie_curl_exchange *x, int32_t wire, struct pie_outcome *ret);

#endif
