/* SPDX-License-Identifier: MIT */
/* Knows how the file of prices over time is read, piece by piece; must not know what a line says. */
#include "engine/engine_priv.h"

#define TARIFFREAD_PIECE ((size_t)65536)

/* Without a lock: a file that may only be read is as good. What is being written at the moment is a line that is cut. */
static apipie_status tariffread_all(struct apipie_price_history *h, pie_file file, char *piece)
{
    const char *ignored = NULL;
    uint64_t offset = 0;
    size_t n = 1;
    apipie_status status = APIPIE_OK;
    while (status == APIPIE_OK && n != 0) {
        status = pie_file_read_at(file, offset, piece, TARIFFREAD_PIECE, &n, &ignored);
        offset += n;
        if (status == APIPIE_OK)
            status = pie_track_take(h, pie_slice(piece, n));
    }
    return status == APIPIE_OK ? pie_track_end(h) : status;
}

apipie_status pie_tariff_load(const struct pie_mem *mem, const char *path,
                              struct apipie_price_history **ret)
{
    pie_file file = PIE_FILE_NONE;
    const char *ignored = NULL;
    apipie_status status = pie_file_open_read(path, &file, &ignored);
    if (status != APIPIE_OK)
        return status;
    struct apipie_price_history *h = pie_track_new(mem);
    char *piece = pie_mem_new(mem, TARIFFREAD_PIECE, 1);
    status = h != NULL && piece != NULL ? tariffread_all(h, file, piece) : APIPIE_E_MEMORY;
    pie_mem_free(mem, piece);
    pie_file_close(file, &ignored);
    if (status == APIPIE_OK)
        *ret = h;
    else
        pie_track_drop(h);
    return status;
}
