/* SPDX-License-Identifier: MIT */
/* What the files of the OpenAI language share. */
#ifndef PIE_OPENAI_PRIV_H
#define PIE_OPENAI_PRIV_H

#include "dialect/dialect.h"

/* Where a call goes. */
enum { PIE_OPENAI_GENERATIONS, PIE_OPENAI_EDITS, PIE_OPENAI_VARIATIONS };
int32_t pie_openai_route(const struct pie_call *c);
/* An edit as JSON: one of its pictures is a URL, which a form cannot hold. */
int32_t pie_openai_by_url(const struct pie_call *c);

/* ---- openai_takes.c: what the images API documents of its models. Of names that are not in its pages nothing is known: what is asked
 * goes out. */

/* 1 when the name is that of a model that makes images. */
int32_t pie_openai_draws(const char *model);
void pie_openai_narrow(const struct pie_call *c, struct pie_takes *takes);
/* Pictures and size: what the model does not take. */
apipie_status pie_openai_fit(struct pie_call *c, struct pie_buf *notes, struct apipie_error *err);

/* ---- openai_models.c */

apipie_status pie_openai_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                      const char *backend, struct pie_buf *out);

#endif
