/* SPDX-License-Identifier: MIT */
/* How pictures become parts of a body, without a copy of them. */
#ifndef PIE_DIALECT_INPUT_PRIV_H
#define PIE_DIALECT_INPUT_PRIV_H

#include "dialect/dialect.h"

/* ---- input.c: bodies that are JSON. What is written goes to q->text, as all the JSON around it; failures stick there. */

enum { PIE_INPUT_AS_BASE64, PIE_INPUT_AS_DATA_URI, PIE_INPUT_AS_FILE /* of a form */ };

/* Can it be written that way? Of a URL only one that brings the picture with it is base64, and none is a file; every other goes as it
 * is, for the server to fetch. */
int32_t pie_input_fits(const struct pie_input *in, int32_t as);
/* The string, with its quotes; it must fit. */
void pie_input_json(struct pie_http_request *q, const struct pie_input *in, int32_t as);
/* The same where no bytes are wanted: a URL for the server to fetch, or null. */
void pie_input_json_short(struct pie_buf *out, const struct pie_input *in);

/* As base64 where it can be, else as a URL. leg NULL: no bytes are wanted. */
void pie_input_member(struct pie_buf *out, struct pie_leg *leg, const struct pie_input *in);

/* Its bytes as they are; nothing of a URL. */
void pie_input_raw(struct pie_http_request *q, const struct pie_input *in);

/* ---- multipart.c: bodies that are multipart/form-data (RFC 7578). Fields stand in the order in which they are added. */

#define PIE_MULTIPART_RANDOM   16
#define PIE_MULTIPART_BOUNDARY 48

struct pie_multipart {
    struct pie_http_request *q; /* without a body until then; failures stick in q->text */
    char boundary[PIE_MULTIPART_BOUNDARY];
};

/* random: bytes that nobody who made a picture can have known, or NULL for zeros. The same bytes give the same body. */
void pie_multipart_begin(struct pie_multipart *m, struct pie_http_request *q,
                         const uint8_t *random);
void pie_multipart_text(struct pie_multipart *m, const char *name, struct pie_slice value);
/* JSON as a file. */
void pie_multipart_json(struct pie_multipart *m, const char *name, const char *file_name,
                        struct pie_slice json);
/* The picture's bytes as a file; file_name is for the server to see. A URL has no bytes: APIPIE_E_UNSUPPORTED, and nothing is added. */
apipie_status pie_multipart_file(struct pie_multipart *m, const char *name, const char *file_name,
                                 const struct pie_input *in);
/* The end, and the Content-Type. APIPIE_OK, APIPIE_E_MEMORY or APIPIE_E_LIMIT. */
apipie_status pie_multipart_end(struct pie_multipart *m);

/* "image.png", "image-2.jpeg": a name that says what it is, and nothing of the user's disk. number counts from 0. */
#define PIE_INPUT_NAME 64
void pie_input_name(const struct pie_input *in, const char *stem, size_t number,
                    char out[PIE_INPUT_NAME]);

#endif
