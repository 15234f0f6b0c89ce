/* SPDX-License-Identifier: MIT */
/* What the servers that draw on a machine of the user's have in common. */
#ifndef PIE_DIALECT_LOCAL_PRIV_H
#define PIE_DIALECT_LOCAL_PRIV_H

#include "dialect/shared_priv.h"

/* ---- members of a JSON object that is open in out; failures stick there */

void pie_local_text(struct pie_buf *out, const char *name, const char *text);
void pie_local_int(struct pie_buf *out, const char *name, int64_t v);
void pie_local_double(struct pie_buf *out, const char *name, double v);
/* The extra fields of the wish, but for that one (NULL: all). */
void pie_local_extras(struct pie_buf *out, const struct pie_wish *w, const char *but);
/* The members of an object that is JSON text (NULL: none). */
void pie_local_members(struct pie_buf *out, const char *json);
/* Input images. leg NULL: as it is written where no bytes are wanted. */
void pie_local_picture(struct pie_buf *out, struct pie_leg *leg, const struct pie_input *in);

/* ---- what cannot be asked for */

/* NULL when it is not set. */
const char *pie_local_extra(const struct pie_wish *w, const char *name);
/* An object that a setter writes into too: it must be one, without a member of that name. APIPIE_OK, also without it; or err's code. */
apipie_status pie_local_check_object(const struct pie_wish *w, const char *extra,
                                     const char *member, struct apipie_error *err);
/* A field that stands for the number of pictures is no extra. */
apipie_status pie_local_check_count(const struct pie_wish *w, const char *name,
                                    struct apipie_error *err);

/* ---- errors */

/* What the words of a reply mean, where the status alone says it wrongly. The list ends with a NULL word. */
struct pie_local_known {
    int32_t status; /* HTTP; 0: any */
    const char *word;
    apipie_status code;
    int32_t retryable;
    const char *hint;
};
void pie_local_explain(const struct pie_reply *reply, const struct pie_local_known *known,
                       struct apipie_error *err);

/* ---- lists of models */

/* A record of the gateway's form, behind those that are there; nothing for a model that the filters hold back. title: NULL, or what
 * else it is called. */
void pie_local_model(struct pie_buf *out, const struct pie_wish *w, const char *backend,
                     struct pie_slice name, struct pie_slice title);

#endif
