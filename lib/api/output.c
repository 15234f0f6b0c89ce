/* SPDX-License-Identifier: MIT */
/* Knows the three places a picture may go besides memory; must not open any. */
#include "api/api_priv.h"

static apipie_status output_refuse(apipie_request *r, apipie_status code, const char *setter,
                                   const char *problem)
{
    if (!r->setter_failed) {
        pie_error_set(&r->error, code, "", setter, ": ", problem);
        r->setter_failed = 1;
    }
    return code;
}

static apipie_status output_to_memory(apipie_request *r)
{
    pie_wish_clear_sink(&r->wish);
    r->wish.output = PIE_OUTPUT_MEMORY;
    return APIPIE_OK;
}

/* A path is the system's own text: any bytes but NUL. */
static apipie_status output_set(apipie_request *r, int32_t output, const char *setter,
                                const char *path, const char *stem)
{
    if (r == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_atomic_get(&r->state) != PIE_STATE_BUILDING)
        return APIPIE_E_STATE;
    if (path == NULL)
        return output_to_memory(r);
    if (!pie_api_path_is_good(path))
        return output_refuse(r, APIPIE_E_ARGUMENT, setter, "the path is empty or too long");
    if (stem != NULL && (stem[0] == '\0' || strlen(stem) > 200 || strchr(stem, '/') != NULL ||
                         strchr(stem, '\\') != NULL || pie_api_text_problem(stem) != NULL))
        return output_refuse(r, APIPIE_E_ARGUMENT, setter, "the stem is no plain file name");
    apipie_status status = pie_wish_set_text(&r->wish, PIE_WISH_OUTPUT, path, strlen(path));
    if (status == APIPIE_OK)
        status = pie_wish_set_text(&r->wish, PIE_WISH_STEM, stem, stem != NULL ? strlen(stem) : 0);
    if (status != APIPIE_OK)
        return output_refuse(r, APIPIE_E_MEMORY, setter, "out of memory");
    pie_wish_clear_sink(&r->wish);
    r->wish.output = output;
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_request_set_output_file(apipie_request *request, const char *path)
{
    return output_set(request, PIE_OUTPUT_FILE, "set_output_file", path, NULL);
}

APIPIE_API apipie_status apipie_request_set_output_folder(apipie_request *request,
                                                          const char *folder, const char *stem)
{
    return output_set(request, PIE_OUTPUT_FOLDER, "set_output_folder", folder, stem);
}

static apipie_status output_take_sink(apipie_request *r, const struct pie_host_sink *sink)
{
    if (r == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_atomic_get(&r->state) != PIE_STATE_BUILDING)
        return APIPIE_E_STATE;
    if (sink->write == NULL)
        return output_refuse(r, APIPIE_E_ARGUMENT, "set_sink", "write is NULL");
    pie_wish_clear_sink(&r->wish);
    r->wish.sink = *sink;
    r->wish.output = PIE_OUTPUT_HOST;
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_request_set_sink(apipie_request *request,
                                                 apipie_sink_begin_fn begin,
                                                 apipie_sink_write_fn write, apipie_sink_end_fn end,
                                                 apipie_sink_commit_fn commit,
                                                 apipie_sink_abort_fn abort_slot, void *user,
                                                 apipie_free_fn user_free)
{
    struct pie_host_sink sink = {begin, write, end, commit, abort_slot, user, user_free};
    apipie_status status = output_take_sink(request, &sink);
    if (status != APIPIE_OK && user_free != NULL)
        user_free(user);
    return status;
}
