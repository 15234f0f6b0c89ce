/* SPDX-License-Identifier: MIT */
/* Prodia's two APIs: prodia.c knows the one of jobs (v2), prodia_v1.c the one before. */
#ifndef PIE_DIALECT_PRODIA_PRIV_H
#define PIE_DIALECT_PRODIA_PRIV_H

#include "dialect/shared_priv.h"

#define PIE_PRODIA_TEXT(which) (UINT32_C(1) << PIE_WISH_##which)
#define PIE_PRODIA_NUMBERS                                                                         \
    (PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS | PIE_WISH_HAS_STRENGTH |             \
     PIE_WISH_HAS_GUIDANCE | PIE_WISH_HAS_SEED)

/* As pie_dialect has them, for an address that ends with /v1. */
void pie_prodia_v1_narrow(const struct pie_call *c, struct pie_takes *takes);
apipie_status pie_prodia_v1_check(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err);
apipie_status pie_prodia_v1_encode(const struct pie_call *c, struct pie_leg *leg);
void pie_prodia_v1_write(const struct pie_call *c, struct pie_buf *out);
apipie_status pie_prodia_v1_prepare(const struct pie_call *c, struct pie_leg *leg,
                                    int32_t *ret_needed);
apipie_status pie_prodia_v1_prepared(const struct pie_call *c, const struct pie_reply *reply,
                                     struct pie_buf *found, struct apipie_error *err);
apipie_status pie_prodia_v1_step(const struct pie_call *c, const struct pie_reply *reply,
                                 struct pie_step *s, struct pie_leg *leg, int64_t *ret_after_ms,
                                 struct apipie_error *err);
apipie_status pie_prodia_v1_decode(const struct pie_call *c, const struct pie_reply *reply,
                                   struct apipie_result *ret, struct apipie_error *err);
apipie_status pie_prodia_v1_ask_models(const struct pie_call *c, struct pie_leg *leg);
apipie_status pie_prodia_v1_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                         const char *backend, struct pie_buf *out);

#endif
