/* SPDX-License-Identifier: MIT */
/* Checks that several doors share. */
#ifndef PIE_API_PRIV_H
#define PIE_API_PRIV_H

#include "base/base.h"
#include "engine/engine.h"

#define PIE_LIMIT_MS      INT64_C(86400000)
#define PIE_LIMIT_BYTES   ((uint64_t)1 << 40)
#define PIE_LIMIT_RETRIES 20

/* NULL when the text may travel (UTF-8, no control bytes, at most APIPIE_LIMIT_TEXT), else what is wrong. */
const char *pie_api_text_problem(const char *text);

#endif
