/* SPDX-License-Identifier: MIT */
/* Knows how to make any text safe JSON in one go; must not know what it is for. */
#include "flow/split_priv.h"

/* Past a byte order mark and blanks. */
static struct pie_slice safe_start(struct pie_slice text)
{
    size_t i = text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (i < text.n && pie_is_blank(text.p[i]))
        i++;
    return pie_slice(text.p + i, text.n - i);
}

apipie_status pie_json_safe(const struct pie_mem *mem, struct pie_slice text, struct pie_buf *out,
                            struct pie_damage *ret_damage)
{
    struct pie_slice json = text.n != 0 ? safe_start(text) : text;
    if (json.n == 0 || (json.p[0] != '{' && json.p[0] != '['))
        return APIPIE_E_MALFORMED;
    if (out->max < out->n || out->max - out->n < 2 * PIE_REST_CLOSING)
        return APIPIE_E_LIMIT;
    struct pie_split *split = pie_mem_new(mem, 1, sizeof(*split));
    if (split == NULL)
        return APIPIE_E_MEMORY;
    pie_split_init(split, NULL, NULL, NULL, out, text.n - json.n);
    apipie_status status = pie_split_write(split, json.p, json.n);
    if (status == APIPIE_OK)
        status = pie_split_finish(split);
    if (ret_damage != NULL)
        *ret_damage = split->damage;
    pie_mem_free(mem, split);
    return status;
}
