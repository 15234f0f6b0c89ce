/* SPDX-License-Identifier: MIT */
/* Files of lines that each carry a checksum: of a file that was cut or damaged, every other line is as good as before.
 *
 * apipie-stats 1
 * <hash of the rest of the line, 32 hexadecimal digits> {"backend":"apipie",...} */
#ifndef PIE_SEALED_PRIV_H
#define PIE_SEALED_PRIV_H

#include "meter/meter.h"

struct pie_sealed {
    const char *first;   /* the first line, with its end */
    const char *refusal; /* why another file is none */
};

/* Adds row n, as one line of JSON without its end. */
typedef void (*pie_sealed_write)(const void *user, size_t n, struct pie_buf *out);
/* APIPIE_OK, also for a row that is no good, or APIPIE_E_MEMORY. */
typedef apipie_status (*pie_sealed_read)(void *user, const struct pie_node *root);

/* Both: APIPIE_E_FILE with a constant text in *ret_reason, or APIPIE_E_MEMORY. Saved at once, mode 0600, or not at all. */
apipie_status pie_sealed_save(const struct pie_mem *mem, const char *path,
                              const struct pie_sealed *kind, size_t rows, pie_sealed_write write,
                              const void *user, const char **ret_reason);
apipie_status pie_sealed_load(const struct pie_mem *mem, const char *path,
                              const struct pie_sealed *kind, pie_sealed_read read, void *user,
                              const char **ret_reason);

/* The one of health_file.c. */
extern const struct pie_sealed pie_health_sealed;

#endif
