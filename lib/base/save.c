/* SPDX-License-Identifier: MIT */
/* Knows how a file is replaced by another one at once, or stays as it is; must not know what is in it. */
#include "base/base.h"

/* A path, a number and ".tmp". */
#define SAVE_NAME_MAX (2 * APIPIE_LIMIT_TEXT)

apipie_status pie_save_open(pie_file file, const char *temp, const char *path,
                            struct pie_slice bytes, const char **ret_reason)
{
    const char *reason = NULL;
    apipie_status status = pie_file_write(file, bytes.p, bytes.n, ret_reason);
    apipie_status closed = pie_file_close(file, &reason);
    if (status == APIPIE_OK && closed != APIPIE_OK) {
        *ret_reason = reason;
        status = closed;
    }
    if (status == APIPIE_OK)
        status = pie_file_replace(temp, path, ret_reason);
    if (status != APIPIE_OK)
        pie_file_remove(temp);
    return status;
}

apipie_status pie_save_private(const struct pie_mem *mem, const char *path, struct pie_slice bytes,
                               const char **ret_reason)
{
    struct pie_buf temp;
    uint64_t number = 0;
    pie_file file = PIE_FILE_NONE;
    int32_t kind = pie_path_kind(path);
    if (kind != PIE_PATH_ABSENT && kind != PIE_PATH_FILE) { /* a device would be gone for all */
        *ret_reason = "it is no regular file";
        return APIPIE_E_FILE;
    }
    pie_random(&number, sizeof(number));
    pie_buf_init(&temp, mem, SAVE_NAME_MAX);
    pie_buf_add_text(&temp, path);
    pie_buf_add_char(&temp, '.');
    pie_buf_add_uint(&temp, number);
    pie_buf_add_text(&temp, ".tmp");
    apipie_status status = temp.failed;
    if (status == APIPIE_OK)
        status = pie_file_create_private(temp.p, &file, ret_reason);
    if (status == APIPIE_OK)
        status = pie_save_open(file, temp.p, path, bytes, ret_reason);
    pie_buf_free(&temp);
    return status;
}
