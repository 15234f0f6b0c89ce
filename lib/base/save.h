/* SPDX-License-Identifier: MIT */
/* Files that are replaced whole, or stay as they are. */
#ifndef PIE_SAVE_H
#define PIE_SAVE_H

#include "base/os.h"
#include "base/text.h"

/* Writes to the open file `temp`, closes it, and renames it over path; on failure nothing of it is left. On failure of the disk
 * *ret_reason is a constant text. */
apipie_status pie_save_open(pie_file file, const char *temp, const char *path,
                            struct pie_slice bytes, const char **ret_reason);
/* The same by a new file beside path, mode 0600. APIPIE_E_FILE, also where something else than a regular file stands there; or APIPIE_E_MEMORY or _E_LIMIT (the path is too long) with
 * *ret_reason untouched. */
apipie_status pie_save_private(const struct pie_mem *mem, const char *path, struct pie_slice bytes,
                               const char **ret_reason);

#endif
