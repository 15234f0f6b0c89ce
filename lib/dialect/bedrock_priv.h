/* SPDX-License-Identifier: MIT */
/* What the files of the Bedrock language share. */
#ifndef PIE_BEDROCK_PRIV_H
#define PIE_BEDROCK_PRIV_H

#include "dialect/stable_priv.h"

/* ---- bedrock_takes.c: what the models take */

/* Which body a model reads. Ids that are not known, as those of profiles and provisioned models, are taken for the last one. */
enum {
    PIE_BEDROCK_SDXL_0, /* weighted prompts, and few numbers */
    PIE_BEDROCK_SDXL,   /* all of SDXL 1.0: images, masks, presets */
    PIE_BEDROCK_CORE,   /* prompts and an aspect ratio */
    PIE_BEDROCK_IMAGE   /* SD3, SD3.5, Ultra: the same, from an image too */
};
int32_t pie_bedrock_body(const char *model);
int32_t pie_bedrock_is_sdxl(const struct pie_call *c);
void pie_bedrock_narrow(const struct pie_call *c, struct pie_takes *takes);
apipie_status pie_bedrock_check(struct pie_call *c, struct pie_buf *notes,
                                struct apipie_error *err);

/* ---- bedrock_key.c: whose call it is */

/* 1: the call is signed, the key itself does not travel. */
int32_t pie_bedrock_signs(const struct pie_call *c);
/* Can that key be used there? APIPIE_OK also without one. */
apipie_status pie_bedrock_check_key(const struct pie_call *c, struct apipie_error *err);
apipie_status pie_bedrock_sign(const struct pie_call *c, struct pie_leg *leg,
                               struct apipie_error *err);

#endif
