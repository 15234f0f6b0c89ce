/* SPDX-License-Identifier: MIT */
/* What the files of Stability's own language share. */
#ifndef PIE_STABILITY_PRIV_H
#define PIE_STABILITY_PRIV_H

#include "dialect/stable_priv.h"

enum { PIE_STABILITY_NEVER, PIE_STABILITY_MAY, PIE_STABILITY_MUST };

/* Where a model is asked, and what it takes there. */
struct pie_stability_route {
    const char *name, *also; /* of the model; also: its longer name, or NULL */
    const char *path;        /* behind /v2beta/stable-image/; NULL: an engine of v1 */
    uint32_t texts, numbers; /* as pie_dialect.takes_* */
    uint32_t encodings;      /* PIE_STABLE_* */
    int32_t prompt, image;   /* never, may, must */
    int32_t mask;
    int32_t later; /* the reply is a job, which is asked for the picture */
    int32_t
        subject; /* the image is the subject before a background, and prompt and image have names that say so */
};

/* Never NULL: a model of no other name is an engine. */
const struct pie_stability_route *pie_stability_route(const char *model);
/* What v2beta calls what setters set: from PIE_STABILITY_FORM on those that are written as they are. */
extern const struct pie_field pie_stability_fields[];
#define PIE_STABILITY_FORM 5
int32_t pie_stability_wordless(const struct pie_call *c);
/* Does an engine draw a part of the image anew, and keep the rest? */
int32_t pie_stability_masks(const struct pie_call *c, const struct pie_stability_route *r);
void pie_stability_narrow(const struct pie_call *c, struct pie_takes *takes);
apipie_status pie_stability_check(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err);

/* ---- stability_models.c */

int64_t pie_stability_price(const char *model);
apipie_status pie_stability_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                         const char *backend, struct pie_buf *out);

#endif
