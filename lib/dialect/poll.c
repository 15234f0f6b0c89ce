/* SPDX-License-Identifier: MIT */
/* Knows how a job at a server is asked for by its id; must not know what any server says of it. */
#include "dialect/shared_priv.h"

int32_t pie_poll_take(struct pie_slice id, struct pie_step *s)
{
    if (!pie_begin_is_id(id))
        return 0;
    memcpy(s->id, id.p, id.n);
    s->id[id.n] = '\0';
    return 1;
}

apipie_status pie_poll_begin(const struct pie_call *c, const struct pie_step *s, const char *method,
                             const char *path, const char *end, int32_t purpose,
                             struct pie_leg *leg)
{
    apipie_status status = pie_begin(c, method, path, leg);
    pie_buf_add_text(&leg->request.url, s->id);
    pie_buf_add_text(&leg->request.url, end);
    leg->purpose = purpose;
    return status == APIPIE_OK ? leg->request.url.failed : status;
}

apipie_status pie_poll_broken(const char *what, const char *hint, struct apipie_error *err)
{
    pie_error_set(err, APIPIE_E_MALFORMED, hint, what, NULL, NULL);
    return err->code;
}
