/* SPDX-License-Identifier: MIT */
/* Knows how people write the name of a model; must not know prices, JSON or HTTP. */
#include "catalog/catalog.h"

/* "prodia/x" to "x" when prodia is the provider; any other slash belongs to the name. */
static struct pie_slice find_bare(const struct pie_model *model, struct pie_slice name)
{
    size_t n = strlen(model->provider);

    if (name.n <= n || name.p[n] != '/' || !pie_slice_starts_nocase(name, model->provider))
        return name;
    return pie_slice(name.p + n + 1, name.n - n - 1);
}

const struct pie_model *pie_model_find(const struct pie_model *table, size_t n,
                                       struct pie_slice provider, struct pie_slice name)
{
    for (size_t i = 0; i < n; i++) {
        const struct pie_model *model = &table[i];

        if (!pie_slice_equal(find_bare(model, name), model->model))
            continue;
        if (provider.n == 0 || pie_slice_equal_nocase(provider, model->provider))
            return model;
    }
    return NULL;
}
