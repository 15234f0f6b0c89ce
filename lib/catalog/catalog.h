/* SPDX-License-Identifier: MIT */
/* The door of catalog: the models that the library knows without asking anyone. */
#ifndef PIE_CATALOG_H
#define PIE_CATALOG_H

#include "base/base.h"

/* One line of models.tsv. The provider is lower case, as the wire has it ("prodia"). */
struct pie_model {
    const char *provider;
    const char *model;
    const char *description;
    const char *best_for;
};

/* The built-in table, in the order of models.tsv; made from it by models_to_c.py. */
extern const struct pie_model pie_models[];
extern const size_t pie_model_count;

/* The model of a table that `name` means: bare, or behind "provider/" in any case; provider may be empty. NULL
 * when there is none, or when a provider that is given is not the model's own. */
const struct pie_model *pie_model_find(const struct pie_model *table, size_t n,
                                       struct pie_slice provider, struct pie_slice name);

#endif
