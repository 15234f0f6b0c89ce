/* SPDX-License-Identifier: MIT */
/* Knows how people write the name of a model; must not know prices, JSON or HTTP. */
#include "catalog/catalog.h"

struct pie_slice pie_model_bare(struct pie_slice name, struct pie_slice provider)
{
    return pie_slice_behind(name, provider);
}

const struct pie_model *pie_model_find(const struct pie_model *table, size_t n,
                                       struct pie_slice provider, struct pie_slice name)
{
    for (size_t i = 0; i < n; i++) {
        const struct pie_model *model = &table[i];
        struct pie_slice own = pie_slice_text(model->provider);

        if (!pie_slice_equal(pie_model_bare(name, own), model->model))
            continue;
        if (provider.n == 0 || pie_slice_equal_nocase(provider, model->provider))
            return model;
    }
    return NULL;
}
