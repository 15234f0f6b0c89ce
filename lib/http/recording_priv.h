/* SPDX-License-Identifier: MIT */
/* Inside recordings: the file. recording.c reads and writes its records, record.c what happens, replay_index.c finds it again,
 * replay.c plays it.
 *
 * The first line is "apipie-recording 1". Records follow; each is a line of fields with one blank between them, the last of which
 * says how many bytes follow, then these bytes as they are, and a line end:
 *
 *     request 7 POST 45            the URL
 *     send 7 312                   a piece of the request's body, as it goes out
 *     head 7 200 58                the status; header lines, "Name: value" and a line end each
 *     body 7 16384                 a piece of the reply's body, decoded
 *     end 7 ok 0 1 0 250 420 -1 90110 91207 0
 *
 * Exchanges overlap, so each record names its own by a number, which grows from request to request. The fields of an end: what
 * ended it (recording.c has the names), the writer's status, whether it was sent, whether the peer is private, the times for lookup,
 * connection, TLS, first byte and total in microseconds (-1: not reached); its bytes are words about what went wrong. A kind
 * that is not known is passed over.
 *
 * Each record is written at once, behind the others. So a file that was cut can be read up to there; an exchange without an end
 * counts for nothing. What was cancelled has none. No headers of requests are in it, nor those of replies that say how the body
 * travelled, nor cookies; secrets (mask_priv.h) are asterisks everywhere. */
#ifndef PIE_RECORDING_PRIV_H
#define PIE_RECORDING_PRIV_H

#include "http/http.h"
#include "http/mask_priv.h"

/* A line without its bytes; the bytes that a URL, a head or words may have; the most of a body that is handled at once. */
#define PIE_RECORD_LINE   256
#define PIE_RECORD_FIELDS 14
#define PIE_RECORD_TEXT   (256 * 1024)
#define PIE_RECORD_PIECE  PIE_MASK_PIECE

/* How an exchange ended. */
struct pie_record_end {
    int32_t wire; /* PIE_WIRE_* */
    apipie_status writer_status;
    int32_t sent, private_peer;
    int64_t lookup_us, connect_us, tls_us, first_byte_us, total_us;
};

/* ---- written */

struct pie_recording_out {
    pie_file file;
    int32_t broken; /* disk or memory failed: nothing is written any more */
    struct pie_buf line;
};

/* Makes the file, which must not exist (mode 0600), with its first line. APIPIE_E_FILE or _E_MEMORY. */
apipie_status pie_recording_create(const struct pie_mem *mem, const char *path,
                                   struct pie_recording_out *ret);
void pie_recording_close(struct pie_recording_out *o);
/* A record: its kind and exchange, its further fields, its bytes. */
void pie_recording_begin(struct pie_recording_out *o, const char *kind, uint64_t exchange);
void pie_recording_field(struct pie_recording_out *o, const char *text);
void pie_recording_number(struct pie_recording_out *o, int64_t v);
void pie_recording_write(struct pie_recording_out *o, struct pie_slice bytes);
/* The further fields of an end. */
void pie_recording_end_fields(struct pie_recording_out *o, const struct pie_record_end *e);
/* Header lines, without those that are not kept. */
void pie_recording_head_lines(const struct pie_headers *h, struct pie_buf *out);

/* ---- read */

struct pie_recording_in {
    pie_file file;
    uint64_t size; /* when it was opened: what is written later is not seen */
    uint64_t window_at;
    size_t window_n;
    char window[4096];
};

/* Where a record's bytes are, and its fields: kind and exchange are the first, the count of bytes is not one of them. */
struct pie_record {
    char line[PIE_RECORD_LINE];
    struct pie_slice field[PIE_RECORD_FIELDS];
    size_t fields;
    uint64_t exchange;
    uint64_t at, n;
};

/* Of a file without that first line: APIPIE_E_FILE. *ret_next is where its records begin. */
apipie_status pie_recording_open(const char *path, struct pie_recording_in *ret,
                                 uint64_t *ret_next);
/* The record at *next, which then is where the next one begins. APIPIE_E_NOT_FOUND: there is no whole one; APIPIE_E_FILE. */
apipie_status pie_recording_next(struct pie_recording_in *in, uint64_t *next,
                                 struct pie_record *ret);
/* All n bytes at that place, or APIPIE_E_FILE. */
apipie_status pie_recording_bytes(const struct pie_recording_in *in, uint64_t at, void *p,
                                  size_t n);
/* APIPIE_E_MALFORMED when it is no end that this version knows. */
apipie_status pie_recording_read_end(const struct pie_record *r, struct pie_record_end *ret);
apipie_status pie_recording_read_status(const struct pie_record *r, int32_t *ret);
/* Header lines as pie_recording_head_lines() wrote them. */
apipie_status pie_recording_read_head(struct pie_slice lines, struct pie_headers *ret);

#endif
