/* SPDX-License-Identifier: MIT */
/* Knows which sink a wish asks for, and what all of them share; must not know what comes into them. */
#include "flow/sink_priv.h"

#include <stdio.h>

int32_t pie_sink_can_restart(struct pie_sink *s)
{
    return s->type->can_restart == NULL || s->type->can_restart(s);
}

apipie_status pie_sink_new(const struct pie_mem *mem, const struct pie_wish *wish,
                           struct pie_sink **ret)
{
    switch (wish->output) {
    case PIE_OUTPUT_FILE:
    case PIE_OUTPUT_FOLDER:
        return pie_sink_file_new(mem, wish, ret);
    case PIE_OUTPUT_HOST:
        return pie_sink_host_new(mem, wish, ret);
    default:
        return pie_sink_memory_new(mem, wish, ret);
    }
}

apipie_status pie_sink_failed(struct pie_sink *s, apipie_status status, const char *name,
                              const char *why)
{
    char shown[128];
    pie_text_display(pie_slice_text(name), shown, sizeof(shown));
    snprintf(s->problem, sizeof(s->problem), "cannot write %s: %s", shown, why);
    return status;
}

void *pie_slots_get(struct pie_slots *s, uint32_t slot)
{
    if (slot >= PIE_SLOTS_MAX)
        return NULL;
    if (slot >= s->count) {
        size_t count = (size_t)slot + 4;
        char *list = pie_mem_resize(s->mem, s->list, count * s->record);
        if (list == NULL)
            return NULL;
        memset(list + s->count * s->record, 0, (count - s->count) * s->record);
        s->list = list;
        s->count = count;
    }
    return (char *)s->list + slot * s->record;
}

static apipie_status sink_save_stream(const char *path, const void *p, size_t n,
                                      const char **ret_reason)
{
    pie_file file = PIE_FILE_NONE;
    apipie_status status = pie_file_open_special(path, &file, ret_reason);
    if (status != APIPIE_OK)
        return status;
    status = pie_file_write(file, p, n, ret_reason);
    const char *reason = NULL;
    apipie_status closed = pie_file_close(file, &reason);
    if (status == APIPIE_OK && closed != APIPIE_OK) {
        *ret_reason = reason;
        return closed;
    }
    return status;
}

apipie_status pie_sink_save(const struct pie_mem *mem, const char *path, const void *p, size_t n,
                            const char **ret_reason)
{
    pie_file file = PIE_FILE_NONE;
    char *temp = NULL;
    if (pie_name_last(path) == 0 || pie_path_kind(path) == PIE_PATH_FOLDER) {
        *ret_reason = "it is a folder";
        return APIPIE_E_FILE;
    }
    if (pie_name_is_stream(path))
        return sink_save_stream(path, p, n, ret_reason);
    apipie_status status = pie_name_temporary(mem, path, 0, &file, &temp, ret_reason);
    if (status != APIPIE_OK)
        return status;
    status = pie_save_open(file, temp, path, pie_slice(p, n), ret_reason);
    pie_mem_free(mem, temp);
    return status;
}
