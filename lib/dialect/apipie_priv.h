/* SPDX-License-Identifier: MIT */
/* What the files of the APIpie language share. */
#ifndef PIE_APIPIE_PRIV_H
#define PIE_APIPIE_PRIV_H

#include "dialect/dialect.h"

/* ---- upload.c */

int32_t pie_apipie_takes_upload(const struct pie_input *in, const char **ret_note);
apipie_status pie_apipie_ask_upload(const struct pie_call *c, const struct pie_input *in,
                                    struct pie_leg *leg);
struct pie_slice pie_apipie_read_upload(const struct pie_reply *reply);

/* ---- history.c */

apipie_status pie_apipie_ask_history(const struct pie_call *c, uint64_t limit, uint64_t offset,
                                     struct pie_leg *leg, struct apipie_error *err);
int32_t pie_apipie_read_history(const struct pie_reply *reply, size_t index,
                                struct pie_history_row *ret);
int32_t pie_apipie_read_page(const struct pie_reply *reply, int32_t *ret_more);

#endif
