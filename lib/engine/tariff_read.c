/* SPDX-License-Identifier: MIT */
/* Knows how the file of prices over time is read; must not know what a line says. */
#include "engine/engine_priv.h"

static apipie_status tariffread_line(void *user, struct pie_slice line)
{
    return pie_track_take(user, line);
}

/* Without a lock: a file that may only be read is as good. What is being written at the moment is a line that is cut. */
apipie_status pie_tariff_load(const struct pie_mem *mem, const char *path,
                              struct apipie_price_history **ret)
{
    const char *ignored = NULL;
    size_t too_long = 0;
    struct apipie_price_history *h = pie_track_new(mem);
    apipie_status status = APIPIE_E_MEMORY;
    if (h != NULL)
        status = pie_lines_read(mem, path, PIE_TRACK_LINE, tariffread_line, h, &too_long, &ignored);
    if (status == APIPIE_OK)
        status = pie_track_end(h, too_long);
    if (status == APIPIE_OK)
        *ret = h;
    else
        pie_track_drop(h);
    return status;
}
