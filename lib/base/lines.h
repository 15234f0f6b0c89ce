/* SPDX-License-Identifier: MIT */
/* Files of lines, read once, whatever their size. */
#ifndef PIE_LINES_H
#define PIE_LINES_H

#include "base/mem.h"
#include "base/text.h"

/* The line without its end; borrowed. Anything but APIPIE_OK ends the reading. */
typedef apipie_status (*pie_line_fn)(void *user, struct pie_slice line);

/* Calls fn for each line of the file as it is now, the last one too when it has no end yet. Lines above `most` bytes are passed over and
 * counted in *ret_long (may be NULL). APIPIE_E_FILE with a constant text in *ret_reason, APIPIE_E_MEMORY, or what fn said. */
apipie_status pie_lines_read(const struct pie_mem *mem, const char *path, size_t most,
                             pie_line_fn fn, void *user, size_t *ret_long, const char **ret_reason);

#endif
