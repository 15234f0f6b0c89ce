/* SPDX-License-Identifier: MIT */
/* Knows which routes are told to fail; must not know how a fault looks. The caller holds the sandbox's lock. */
#include "sandbox/wires_priv.h"

#define OUTAGE_NAME_MAX 96

const struct pie_model pie_sandbox_local[PIE_SANDBOX_LOCAL] = {
    {.provider = "a1111", .model = "", .description = "", .best_for = ""},
    {.provider = "sdcpp", .model = "", .description = "", .best_for = ""},
};

struct pie_outage {
    struct pie_outage *next;
    char provider[OUTAGE_NAME_MAX], model[OUTAGE_NAME_MAX]; /* empty: any */
    struct pie_fault fault;
};

static int32_t outage_meets(struct pie_slice provider, struct pie_slice model,
                            const struct pie_model *m)
{
    if (model.n != 0)
        return pie_model_find(m, 1, provider, model) != NULL;
    return provider.n == 0 || pie_slice_equal_nocase(provider, m->provider);
}

static int32_t outage_meets_one(struct pie_slice provider, struct pie_slice model,
                                const struct pie_model *table, size_t n)
{
    while (n != 0 && !outage_meets(provider, model, &table[n - 1]))
        n--;
    return n != 0;
}

static int32_t outage_meets_any(struct pie_slice provider, struct pie_slice model)
{
    int32_t meets = outage_meets_one(provider, model, pie_models, pie_model_count);

    for (size_t i = 0; i < pie_wire_count && !meets; i++)
        meets = outage_meets_one(provider, model, pie_wires[i].models, pie_wires[i].model_count);
    return meets;
}

static struct pie_outage **outage_find(struct pie_outage **list, struct pie_slice provider,
                                       struct pie_slice model)
{
    while (*list != NULL && (!pie_slice_equal_nocase(provider, (*list)->provider) ||
                             !pie_slice_equal(model, (*list)->model)))
        list = &(*list)->next;
    return list;
}

apipie_status pie_outage_set(struct pie_outage **list, struct pie_slice provider,
                             struct pie_slice model, const struct pie_fault *fault)
{
    struct pie_outage **at = outage_find(list, provider, model), *gone = *at;

    if (provider.n >= OUTAGE_NAME_MAX || model.n >= OUTAGE_NAME_MAX ||
        !outage_meets_any(provider, model))
        return APIPIE_E_ARGUMENT;
    if (fault->set == 0 && gone != NULL) {
        *at = gone->next;
        pie_mem_free(&pie_mem_libc, gone);
    }
    if (fault->set == 0)
        return APIPIE_OK;
    if (*at == NULL)
        *at = pie_mem_new(&pie_mem_libc, 1, sizeof(**at));
    if (*at == NULL)
        return APIPIE_E_MEMORY;
    pie_text_copy(provider, (*at)->provider, OUTAGE_NAME_MAX);
    pie_text_copy(model, (*at)->model, OUTAGE_NAME_MAX);
    (*at)->fault = *fault;
    return APIPIE_OK;
}

const struct pie_fault *pie_outage_of(const struct pie_outage *list, const struct pie_model *model)
{
    const struct pie_fault *fault = NULL;
    int32_t best = -1;

    for (; list != NULL; list = list->next) {
        int32_t rank = (list->model[0] != '\0' ? 2 : 0) + (list->provider[0] != '\0' ? 1 : 0);

        if (rank <= best ||
            !outage_meets(pie_slice_text(list->provider), pie_slice_text(list->model), model))
            continue;
        best = rank;
        fault = &list->fault;
    }
    return fault;
}

void pie_outage_clear(struct pie_outage **list)
{
    while (*list != NULL) {
        struct pie_outage *next = (*list)->next;

        pie_mem_free(&pie_mem_libc, *list);
        *list = next;
    }
}
