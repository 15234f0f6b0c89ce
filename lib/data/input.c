/* SPDX-License-Identifier: MIT */
/* Knows what pictures a request brings with it; must not open a file. */
#include "data/data.h"

uint64_t pie_input_size(const struct pie_input *in)
{
    if (in->kind == PIE_INPUT_FILE)
        return in->stamp.size;
    return in->kind == PIE_INPUT_BYTES ? in->n : 0;
}

int32_t pie_input_is_data_url(const struct pie_input *in)
{
    return in->kind == PIE_INPUT_URL && pie_slice_starts_nocase(pie_slice(in->p, in->n), "data:");
}

void pie_input_free(const struct pie_mem *mem, struct pie_input *in)
{
    pie_mem_free(mem, (void *)in->p);
    memset(in, 0, sizeof(*in));
}

apipie_status pie_input_copy(const struct pie_mem *mem, struct pie_input *to,
                             const struct pie_input *from)
{
    struct pie_input copy = *from;
    if (from->kind != PIE_INPUT_NONE) {
        copy.p = pie_mem_text(mem, from->p, from->n);
        if (copy.p == NULL)
            return APIPIE_E_MEMORY;
    }
    pie_input_free(mem, to);
    *to = copy;
    return APIPIE_OK;
}

apipie_status pie_inputs_add(const struct pie_mem *mem, struct pie_inputs *to,
                             const struct pie_input *from)
{
    const struct pie_input in = *from; /* it may stand in the list that moves */
    if (to->count == APIPIE_LIMIT_IMAGES)
        return APIPIE_E_LIMIT;
    struct pie_input *more = pie_mem_resize(mem, to->items, (to->count + 1) * sizeof(*to->items));
    if (more == NULL)
        return APIPIE_E_MEMORY;
    to->items = more;
    memset(&more[to->count], 0, sizeof(*more));
    apipie_status status = pie_input_copy(mem, &more[to->count], &in);
    to->count += status == APIPIE_OK;
    return status;
}

apipie_status pie_inputs_add_all(const struct pie_mem *mem, struct pie_inputs *to,
                                 const struct pie_inputs *from)
{
    apipie_status status = APIPIE_OK;
    for (size_t i = 0; i < from->count && status == APIPIE_OK; i++)
        status = pie_inputs_add(mem, to, &from->items[i]);
    return status;
}

void pie_inputs_clear(const struct pie_mem *mem, struct pie_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        pie_input_free(mem, &inputs->items[i]);
    inputs->items = pie_mem_free(mem, inputs->items);
    inputs->count = 0;
}
