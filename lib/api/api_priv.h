/* SPDX-License-Identifier: MIT */
/* Checks that several doors share. */
#ifndef PIE_API_PRIV_H
#define PIE_API_PRIV_H

#include "base/base.h"
#include "catalog/catalog.h"
#include "engine/engine.h"

#define PIE_LIMIT_MS      INT64_C(86400000)
#define PIE_LIMIT_BYTES   ((uint64_t)1 << 40)
#define PIE_LIMIT_RETRIES 20
#define PIE_LIMIT_FLIGHT  1024
#define PIE_LIMIT_ROWS    10000000

/* NULL when the text may travel (UTF-8, no control bytes, at most APIPIE_LIMIT_TEXT), else what is wrong. */
const char *pie_api_text_problem(const char *text);
/* NULL, or a text that is not empty and may travel. */
int32_t pie_api_name_is_good(const char *name);
/* APIPIE_UNKNOWN, or an amount. */
int32_t pie_api_amount_is_good(int64_t picodollars);
/* APIPIE_UNKNOWN or times, the first not after the second. */
int32_t pie_api_period_is_good(int64_t from_ms, int64_t to_ms);
/* A path of the system: neither empty nor too long. */
int32_t pie_api_path_is_good(const char *path);
/* NULL when the header may be set by the host (value NULL: taken back), else what is wrong. */
const char *pie_api_header_problem(const char *name, const char *value);
/* Sets it, or takes it back. APIPIE_E_LIMIT when there are too many, or APIPIE_E_MEMORY: all is as before. */
apipie_status pie_api_header_set(struct pie_headers *headers, const char *name, const char *value);
/* Printable ASCII with blanks inside, neither empty nor longer than APIPIE_LIMIT_TEXT. */
int32_t pie_api_line_is_good(const char *text);
/* As much as there is room for (at least 1), with NUL, never a half character. */
void pie_api_copy_text(struct pie_slice whole, char *text, size_t capacity);
/* What a base URL may be: a place and nothing else. APIPIE_OK, APIPIE_E_ARGUMENT, APIPIE_E_CONFIG, APIPIE_E_MEMORY. */
apipie_status pie_api_check_url(apipie_client *client, const char *url);
/* NULL, or one that the client has. */
int32_t pie_api_backend_is_known(apipie_client *client, const char *backend);
/* Printable, without blanks, not too long. */
int32_t pie_api_key_is_good(const char *key);

/* May it still be set? APIPIE_E_STATE, or APIPIE_E_ARGUMENT for NULL. */
apipie_status pie_setter_open(const apipie_request *r);
/* Remembers the first bad setter, which submit returns. Returns code. */
apipie_status pie_setter_refuse(apipie_request *r, apipie_status code, const char *setter,
                                const char *problem);

/* What stands in statistics, a model each, whatever the backend; stats may be NULL. Names are borrowed from it; goes back with
 * pie_api_owns_free(). APIPIE_E_MEMORY. */
apipie_status pie_api_owns(const apipie_stats *stats, struct pie_owns *ret);
void pie_api_owns_free(const apipie_stats *stats, struct pie_owns *owns);
/* Of all rows of the statistics that stand in one row of the comparison. */
apipie_status pie_api_measure(const apipie_stats *stats, struct apipie_catalog *catalog,
                              struct apipie_comparison *comparison);

/* A callback with its user, for a place in client; without a callback *ret is NULL, and user goes at once. Takes user in any case. */
apipie_status pie_api_hook_make(apipie_client *client, const struct pie_hook *as,
                                struct pie_hook **ret);
/* The same, put there at once. client may be NULL, with any place. */
apipie_status pie_api_hook_set(apipie_client *client, struct pie_hook **at,
                               const struct pie_hook *as);
/* What was there is let go outside the lock: it may call the host. */
void pie_api_hook_put(apipie_client *client, struct pie_hook **at, struct pie_hook *hook);

#endif
