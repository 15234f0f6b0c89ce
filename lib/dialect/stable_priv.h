/* SPDX-License-Identifier: MIT */
/* What Stability's models have in common, whoever serves them: how they are asked, what they draw, what they say of it. */
#ifndef PIE_STABLE_PRIV_H
#define PIE_STABLE_PRIV_H

#include "dialect/shared_priv.h"

/* ---- stable.c: bodies and replies */

/* What SDXL calls its parameters, but for the prompts. */
extern const struct pie_field pie_stable_sdxl_fields[];
/* Numbers as SDXL counts them: of several pictures the last seeds begin anew, and a strength of 1 is the input image itself. */
void pie_stable_turn(struct pie_call *c);
/* Into a body that is open: the weighted prompts, the fields, and the extra fields of a call that was turned. */
void pie_stable_sdxl(struct pie_buf *out, const struct pie_call *c);

/* All pictures of a reply, with their seeds, and what is said of each: artifacts, lists side by side, a single one, or one that is the
 * body itself, between headers. */
apipie_status pie_stable_pictures(const struct pie_reply *reply, struct apipie_result *ret);
/* After all else. APIPIE_OK, or err's code when there is no picture at all. */
apipie_status pie_stable_end(const struct pie_call *c, const struct pie_reply *reply,
                             struct apipie_result *ret, struct apipie_error *err);

/* ---- stable_takes.c: values, and what is done with those that the models do not know: refused, left out, or changed to the
 * nearest, as the wish says. APIPIE_OK, or err's code. */

#define PIE_STABLE_TEXT(which) (UINT32_C(1) << PIE_WISH_##which)

enum { PIE_STABLE_PNG = 1, PIE_STABLE_JPEG = 2, PIE_STABLE_WEBP = 4 };
/* The encoding of the picture, one of those, in small letters; NULL: none is asked for. */
const char *pie_stable_encoding(const struct pie_call *c, uint32_t of);
apipie_status pie_stable_fit_encoding(struct pie_call *c, uint32_t of, struct pie_buf *notes,
                                      struct apipie_error *err);
/* The aspect ratio that is asked for, or the nearest to a size; NULL: none is asked for. */
const char *pie_stable_ratio(const struct pie_call *c);
/* For models that draw by aspect ratio, and choose the size themselves. */
apipie_status pie_stable_fit_ratio(struct pie_call *c, struct pie_buf *notes,
                                   struct apipie_error *err);
/* The sizes of SDXL 1.0. */
apipie_status pie_stable_fit_size(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err);
/* Any size, which is to become that one when it is another. */
apipie_status pie_stable_bend_size(struct pie_call *c, int32_t width, int32_t height,
                                   struct pie_buf *notes, struct apipie_error *err);

apipie_status pie_stable_refuse(struct apipie_error *err, apipie_status code, const char *hint,
                                const char *what);
/* A request that starts from a picture needs one that the model takes. */
apipie_status pie_stable_check_start(const struct pie_call *c, struct apipie_error *err);
apipie_status pie_stable_check_seed(const struct pie_call *c, uint64_t most,
                                    struct apipie_error *err);
/* text_prompts among the extra fields goes behind the prompt. */
apipie_status pie_stable_check_prompts(const struct pie_call *c, struct apipie_error *err);

#endif
