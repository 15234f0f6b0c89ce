/* SPDX-License-Identifier: MIT */
/* What went wrong. Needs no memory of its own but for the body. */
#ifndef PIE_ERROR_H
#define PIE_ERROR_H

#include "base/base.h"

struct apipie_error {
    apipie_status code;
    int32_t http_status;
    int32_t retryable, billed, fault;
    int32_t refused;      /* the body says that nothing was drawn: safe to send again */
    int32_t one_image;    /* it was refused because this model makes one image a call */
    int32_t should_retry; /* the server's own advice: 1, 0, APIPIE_UNKNOWN */
    int64_t retry_after_ms;
    int32_t attempts;
    char message[448];
    char hint[256];
    char provider_code[64];
    char provider_param[64];
    char request_id[128];
    struct pie_buf body;
};

void pie_error_init(struct apipie_error *e, const struct pie_mem *mem);
void pie_error_free(struct apipie_error *e);
/* Sets code, fault by code, message and hint; forgets the rest but the body. message is made fit for display; `a`, `b` and `c`
 * are joined; NULL ends. */
void pie_error_set(struct apipie_error *e, apipie_status code, const char *hint, const char *a,
                   const char *b, const char *c);
void pie_error_move(struct apipie_error *to, struct apipie_error *from);
/* The short name of a status: the command line's contract. */
const char *pie_error_name(apipie_status status);
/* Every status has a place below PIE_ERROR_STATUSES, APIPIE_OK the first; one that is not known has that of APIPIE_E_INTERNAL. The
 * places are of this version alone: never write them down. */
#define PIE_ERROR_STATUSES 48
size_t pie_error_index(apipie_status status);
/* APIPIE_PENDING for a place that is free. */
apipie_status pie_error_at(size_t index);
/* The default fault of a code. */
int32_t pie_error_fault(apipie_status code);

#endif
