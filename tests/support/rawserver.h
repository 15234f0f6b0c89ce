/* SPDX-License-Identifier: MIT */
/* A server on 127.0.0.1 that says exactly what a test wants said, byte by byte: also what no proper server could.
 * Each connection has a thread; the handler runs there, once a request, and must not use cmocka's assertions. */
#ifndef TEST_RAWSERVER_H
#define TEST_RAWSERVER_H

#include <stddef.h>
#include <stdint.h>

struct raw_server;
struct raw_conn; /* lives during the handler */

/* One request, read whole before the handler is called. Lives as long as its server. */
struct raw_request {
    char *method;
    char *path; /* with query */
    char *head; /* the header lines as they came, request line not included */
    char *body; /* chunks taken apart; body[body_size] is NUL */
    size_t body_size;
    int32_t number;     /* 1, 2, ... on this server */
    int32_t connection; /* 1, 2, ... on this server */
    int32_t turn;       /* 1, 2, ... on its connection */
    int64_t came_ms;    /* when it had been read, on the clock of draw_now_ms() */
};

typedef void (*raw_handler)(struct raw_conn *c, const struct raw_request *q, void *user);

/* NULL when there is no socket to be had. */
struct raw_server *raw_server_start(raw_handler handler, void *user);
/* Refuses connections on its port until delay_ms have passed. */
struct raw_server *raw_server_start_late(raw_handler handler, void *user, int32_t delay_ms);
/* Breaks off what runs, joins all threads. Takes NULL, returns NULL. */
struct raw_server *raw_server_stop(struct raw_server *s);
const char *raw_server_origin(const struct raw_server *s); /* "http://127.0.0.1:4711" */
const char *raw_server_base(const struct raw_server *s);   /* the same with "/v1" */
/* Requests that were read whole so far; method NULL counts all. */
int32_t raw_server_count(struct raw_server *s, const char *method);
int32_t raw_server_connections(struct raw_server *s);
/* The most pieces of work that were under way at once; see raw_work(). */
int32_t raw_server_busiest(struct raw_server *s);
/* Request number `index`, from 0; NULL when it did not come. */
const struct raw_request *raw_server_request(struct raw_server *s, int32_t index);
/* 1 and the value of a header (no case), 0 when the request has none. */
int32_t raw_request_header(const struct raw_request *q, const char *name, char *out,
                           size_t capacity);

/* ---- what a handler may do. All of it is silent when the other side is gone. */

void raw_send(struct raw_conn *c, const void *p, size_t n);
void raw_send_text(struct raw_conn *c, const char *text);
/* `piece` bytes at a time, pause_ms between them. */
void raw_drip(struct raw_conn *c, const void *p, size_t n, size_t piece, int32_t pause_ms);
/* A whole response with Content-Length. headers: lines that end in CRLF, or "". */
void raw_reply(struct raw_conn *c, int32_t status, const char *headers, const void *body, size_t n);
void raw_reply_json(struct raw_conn *c, int32_t status, const char *body);
/* Status line, headers and the empty line, no length: what follows is the handler's. */
void raw_head(struct raw_conn *c, int32_t status, const char *headers);
/* One chunk of a chunked body; n 0 ends it. */
void raw_chunk(struct raw_conn *c, const void *p, size_t n);
void raw_close(struct raw_conn *c);                /* after what was sent has left */
void raw_reset(struct raw_conn *c);                /* RST */
void raw_pause_ms(struct raw_conn *c, int32_t ms); /* shorter when the server stops */
void raw_stall(struct raw_conn *c); /* until the other side goes away, or the server stops */
/* +1 when a handler begins its work, -1 when it is about to answer: what comes in between counts for
 * raw_server_busiest(). */
void raw_work(struct raw_conn *c, int32_t by);
const char *raw_origin(const struct raw_conn *c);
struct raw_server *raw_server_of(const struct raw_conn *c);

/* ---- ports without a server */

/* A port of this machine that refuses connections until it is closed by raw_port_close(). */
int raw_port_refused(char *url, size_t capacity);
/* A port that never answers a connection attempt; negative where this machine does not do that. */
int raw_port_silent(char *url, size_t capacity);
void raw_port_close(int port);

#endif
