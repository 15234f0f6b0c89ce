/* SPDX-License-Identifier: MIT */
/* The door of http: plain request and outcome, the transport, URLs. curl*.c and url.c alone see libcurl;
 * record*.c and replay*.c write exchanges to a file and play them back. */
#ifndef PIE_HTTP_H
#define PIE_HTTP_H

#include "base/base.h"

#define PIE_HTTP_PROBLEM 200

/* A file for each of sixteen pictures and a mask, and what stands between them. */
#define PIE_SEGMENTS_MAX 64

/* Three bytes to four characters of base64, the last group padded; returns how many it wrote. (A function, because this room does
 * not know the codec.) */
typedef size_t (*pie_segment_encode_fn)(const uint8_t *p, size_t n, char *out);

/* A piece of a body: bytes in memory, or a part of a file that is read while it is sent. */
struct pie_segment {
    const uint8_t *
        p; /* borrowed: lives as long as the request; NULL: of a file, or of the request's own text */
    const char *path; /* borrowed likewise; NULL: no file */
    uint64_t offset;  /* in the file, or in the text */
    uint64_t n;
    struct pie_file_stamp stamp;  /* as the file must still be */
    pie_segment_encode_fn encode; /* NULL: sent as it is */
};

/* How far an exchange is, while it runs: written by the transport, read by whoever submitted it, on the same thread. */
struct pie_progress {
    int64_t started_us;    /* pie_clock_us() at submit */
    int64_t sent_us;       /* the last byte of the request left; -1: not yet */
    int64_t first_byte_us; /* the first byte of the reply's head came; -1: not yet */
    int64_t last_byte_us;  /* the newest byte in either direction; -1: none yet */
    uint64_t up, down;     /* bytes of the bodies so far */
    int32_t behind;        /* more of the reply lies ready than was taken */
    void *exchange;        /* the transport's own; NULL: nothing is out */
};

/* How connections are made: settings of a client, shared by all requests that were submitted with them. Texts may be NULL. */
struct pie_wire_options {
    char *proxy; /* NULL: what the environment says; "": none */
    char *ca_file;
    char *ca_pem;
    size_t ca_pem_size;
    char *certificate, *certificate_key, *certificate_password; /* only where request->ours */
    char *pinned_key;                                           /* likewise */
    char *agent; /* the whole User-Agent; NULL: only ours */
    char *interface_name;
    int32_t ip_version; /* 0, 4, 6 */
    int32_t http2;
    uint64_t serial; /* of these settings among the client's; 0: none are set */
};

/* Our own product in User-Agent. */
#define PIE_HTTP_AGENT "libapipie/" APIPIE_VERSION_STRING

void pie_wire_options_init(struct pie_wire_options *o);
/* ret is initialised; on failure it is left to be freed. APIPIE_E_MEMORY. */
apipie_status pie_wire_options_copy(const struct pie_mem *mem, const struct pie_wire_options *from,
                                    struct pie_wire_options *ret);
/* Wipes the secrets among them. */
void pie_wire_options_free(const struct pie_mem *mem, struct pie_wire_options *o);
/* Frees one of its texts as if it were a secret; takes NULL. */
void pie_wire_options_wipe(const struct pie_mem *mem, char *text);

/* What a libcurl can be built without. */
enum { PIE_CURL_HTTP2, PIE_CURL_CA_PEM, PIE_CURL_HTTPS_PROXY };
/* 1 when the libcurl that runs can do it. */
int32_t pie_curl_can(int32_t what);
/* Of the libcurl that runs, or of its TLS; NULL: none. */
const char *pie_curl_version(int32_t tls);

struct pie_http_request {
    const char *method; /* static: "GET", "POST" */
    struct pie_buf url;
    struct pie_headers headers;
    struct pie_buf text; /* of the body: what the request owns of it */
    size_t text_placed;  /* so much of it stands in segments */
    struct pie_segment *segments;
    size_t segment_count, segment_room;
    int64_t connect_timeout_ms;
    int32_t once; /* paid: must never reach a server twice (guard against libcurl's own resend) */
    int32_t small_pieces; /* read it in small pieces: turns have a budget */
    int32_t public_only;  /* refuse private and loopback addresses */
    int32_t
        ours; /* to the server that the client is set up for: shows the client certificate, wants the pinned key */
    const struct pie_wire_options *options; /* borrowed; NULL: none are set */
    struct pie_view *view; /* borrowed: what others may see of it; NULL: nobody looks */
};

/* What ended an exchange, as far as the transport can tell. */
enum {
    PIE_WIRE_OK,     /* a whole response came */
    PIE_WIRE_LOOKUP, /* the name is not known */
    PIE_WIRE_CONNECT,
    PIE_WIRE_CONNECT_TIMEOUT,
    PIE_WIRE_TLS,             /* no secure connection */
    PIE_WIRE_CERTIFICATE,     /* not trusted */
    PIE_WIRE_PINNED,          /* not the key that was pinned */
    PIE_WIRE_CA,              /* the certificates to trust cannot be read */
    PIE_WIRE_OWN_CERTIFICATE, /* the client's is missing, or cannot be used */
    PIE_WIRE_PROXY,           /* it cannot be reached, or does not connect */
    PIE_WIRE_PROXY_AUTH,      /* it wants another user or password */
    PIE_WIRE_INTERFACE,       /* connections cannot go out from there */
    PIE_WIRE_REFUSED,         /* a private address, refused by public_only */
    PIE_WIRE_CUT,             /* the connection broke, or the body was shorter than said */
    PIE_WIRE_RESENT,          /* libcurl wanted to send a paid request a second time: stopped */
    PIE_WIRE_WRITER,          /* a writer failed: writer_status */
    PIE_WIRE_BODY, /* a file of the body cannot be read, or is not as it was: it never went out whole */
    PIE_WIRE_STOPPED, /* cancel() */
    PIE_WIRE_MEMORY,
    PIE_WIRE_UNRECORDED, /* a recording holds no such exchange: nothing was sent anywhere */
    PIE_WIRE_OTHER
};

struct pie_outcome {
    int32_t wire; /* PIE_WIRE_* */
    apipie_status writer_status;
    int32_t status;       /* HTTP, 0 when none came */
    int32_t sent;         /* bytes of the request may have reached the server */
    int32_t private_peer; /* the address we talked to is loopback or private */
    int32_t proxied;      /* through a proxy; -1: nobody was talked to */
    int64_t lookup_us, connect_us, tls_us, first_byte_us, total_us; /* -1: not reached */
    uint64_t body_bytes;
    struct pie_headers headers;
    char detail[PIE_HTTP_PROBLEM]; /* libcurl's words */
};

void pie_http_request_init(struct pie_http_request *q, const struct pie_mem *mem);
void pie_http_request_free(struct pie_http_request *q);

/* A body is q->text with other things between its parts: each of these puts something behind the text that is there by then. A
 * failure, APIPIE_E_MEMORY or APIPIE_E_LIMIT, sticks in q->text. */
void pie_http_request_add_bytes(struct pie_http_request *q, const void *p, size_t n,
                                pie_segment_encode_fn encode);
void pie_http_request_add_file(struct pie_http_request *q, const char *path,
                               const struct pie_file_stamp *stamp, uint64_t offset, uint64_t n,
                               pie_segment_encode_fn encode);
/* The body is complete. APIPIE_OK, or what failed. */
apipie_status pie_http_request_end_body(struct pie_http_request *q);
/* There is none; keeps the memory. */
void pie_http_request_clear_body(struct pie_http_request *q);

/* Length of the body in bytes as it will be sent. */
uint64_t pie_http_request_length(const struct pie_http_request *q);
/* The body as it stands in memory; NULL when it must be read. */
const char *pie_http_request_plain(const struct pie_http_request *q);
/* Are the files still there, and as they were? APIPIE_E_FILE: `problem` says which one is not, and why. */
apipie_status pie_http_request_check_files(const struct pie_http_request *q,
                                           char problem[PIE_HTTP_PROBLEM]);

/* Where a reader of the body is. */
struct pie_http_place {
    size_t segment;
    uint64_t offset;
    pie_file file;
    const char *reason; /* constant; NULL: all is well */
};
void pie_http_place_init(struct pie_http_place *at);
/* Back to the begin; closes what is open. */
void pie_http_place_rewind(struct pie_http_place *at);
/* The next bytes of the body as they will be sent, at most room (at least 4); 0: there are none left, or at->reason tells why it
 * cannot be read on. */
size_t pie_http_request_read(const struct pie_http_request *q, struct pie_http_place *at, char *out,
                             size_t room);
/* The reason, and the file that it is about. */
void pie_http_request_problem(const struct pie_http_request *q, const struct pie_http_place *at,
                              char problem[PIE_HTTP_PROBLEM]);
void pie_outcome_init(struct pie_outcome *o, const struct pie_mem *mem);
void pie_outcome_free(struct pie_outcome *o);

struct pie_transport;

/* One thread at a time, but for wakeup and fd (any thread). The engine pulls; a transport never calls up, except into
 * the writer it was given. */
struct pie_transport_type {
    const char *name;
    /* q, body and progress live until the owner came out of next, or cancel returned. owner: the caller's own, one exchange at a
     * time each. */
    apipie_status (*submit)(struct pie_transport *t, const struct pie_http_request *q,
                            struct pie_writer *body, struct pie_progress *progress, void *owner);
    /* Stops the exchange of progress at once; ret is initialised by the caller and says how far it came. Its owner never comes out
     * of next. O(1). */
    void (*cancel)(struct pie_transport *t, struct pie_progress *progress, struct pie_outcome *ret);
    /* Moves bytes; waits at most timeout_ms when there is nothing to do. At pie_clock_us() *until_us (INT64_MAX: never) it leaves
     * the rest for the next time; something is done each time. Time that it waits is added to *until_us. */
    apipie_status (*drive)(struct pie_transport *t, int64_t timeout_ms, int64_t *until_us);
    /* In how many milliseconds drive should be called although fd is not readable: 0 at once, negative: no need. */
    int64_t (*timeout)(struct pie_transport *t);
    /* A descriptor that is readable when drive has something to do, or wakeup was called. */
    int64_t (*fd)(struct pie_transport *t);
    /* The owner of one ended exchange (ret initialised by the caller), NULL when there is none. */
    void *(*next)(struct pie_transport *t, struct pie_outcome *ret);
    /* Ends a drive that waits, or the wait of the next one. */
    void (*wakeup)(struct pie_transport *t);
    void (*close)(struct pie_transport *t);
    /* close() in a child after fork(): what the parent goes on using is not touched. */
    void (*abandon)(struct pie_transport *t);
};

struct pie_transport {
    const struct pie_transport_type *type;
};

/* libcurl's. APIPIE_E_MEMORY or APIPIE_E_INTERNAL on failure. */
apipie_status pie_curl_transport_new(const struct pie_mem *mem, struct pie_transport **ret);
/* Passes everything on to inner, and writes what comes of it to a new file. Takes inner on success. APIPIE_E_FILE or
 * APIPIE_E_MEMORY on failure. */
apipie_status pie_record_transport_new(const struct pie_mem *mem, struct pie_transport *inner,
                                       const char *path, struct pie_transport **ret);
/* Answers from such a file; sends nothing. APIPIE_E_FILE or APIPIE_E_MEMORY on failure. */
apipie_status pie_replay_transport_new(const struct pie_mem *mem, const char *path,
                                       struct pie_transport **ret);

/* ---- URLs */

struct pie_url {
    char *scheme, *host, *port,
        *path; /* lower-case scheme and host; port always there; path with query */
};

/* http and https only. APIPIE_E_ARGUMENT when it is none, APIPIE_E_MEMORY. */
apipie_status pie_url_parse(const struct pie_mem *mem, const char *text, struct pie_url *ret);
void pie_url_free(const struct pie_mem *mem, struct pie_url *u);
/* `reference` may be relative. The bytes of an absolute one are kept as they are. */
apipie_status pie_url_resolve(const struct pie_mem *mem, const char *base, const char *reference,
                              char **ret);
/* 4 or 16 bytes of an address: loopback, private, link-local, multicast or otherwise not on the internet. */
int32_t pie_address_is_private(const uint8_t *bytes, size_t n);
/* APIPIE_OK when it is the URL of a proxy: http, https, socks5 or socks5h, with or without user and password. APIPIE_E_ARGUMENT,
 * APIPIE_E_MEMORY. */
apipie_status pie_url_check_proxy(const char *text);
/* Literal addresses and "localhost": 1 when it is this machine. */
int32_t pie_url_host_is_loopback(const char *host);
/* 1 when it is loopback, private, link-local or otherwise not public (literals and "localhost"). */
int32_t pie_url_host_is_private(const char *host);

#endif
