/* SPDX-License-Identifier: MIT */
/* Lists and measurements for the tests of choosing. */
#ifndef CHOOSE_WORLD_H
#define CHOOSE_WORLD_H

#include "catalog/catalog.h"

#define USD(x) ((int64_t)((x)*1000000) * 1000000)

/* Of JSON, alone or laid over the built-in models. */
struct apipie_catalog *world_list(const char *json);
struct apipie_catalog *world_merged(const char *json);
struct apipie_catalog *world_built_in(void);
/* Must succeed. */
struct apipie_choice *world_choose(struct apipie_catalog *c, const struct pie_own *own, size_t n,
                                   const struct apipie_need *need);
/* The name of a candidate. */
const char *world_name(const struct apipie_choice *choice, size_t rank);
/* Where a model ranks; -1: it was rejected. */
int64_t world_rank(const struct apipie_choice *choice, const char *name);
/* Why a model was rejected; "" when it was not. Good until the next one. */
const char *world_reason(const struct apipie_choice *choice, const char *name);

#endif
