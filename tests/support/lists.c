/* SPDX-License-Identifier: MIT */
/* The server of the tests of lists: knows the public API and the raw server, no test. */
#include "lists.h"

#include <stdlib.h>
#include <string.h>

static void lists_send_half(struct raw_conn *c, const struct draw_reply *r)
{
    size_t n = strlen(r->body);
    raw_head(c, 200, "Content-Length: 100000\r\nContent-Type: application/json\r\n");
    raw_send(c, r->body, n / 2);
    raw_close(c);
}

static void lists_handle(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct draw *d = user;
    int32_t n = 0;
    if (strcmp(q->method, "GET") != 0) {
        raw_reply_json(c, 200, ONE_IMAGE);
        return;
    }
    n = q->number - 1 < d->script.count ? q->number - 1 : d->script.count - 1;
    const struct draw_reply *r = &d->script.replies[n];
    if (r->status == 0)
        raw_reset(c);
    else if (r->status == -1)
        raw_stall(c);
    else if (r->status == -2)
        lists_send_half(c, r);
    else
        draw_send_reply(c, r);
}

void lists_serve(struct draw *d, const struct draw_script *script)
{
    d->script = *script;
    draw_serve(d, lists_handle, d);
    lists_ask(d);
}

void lists_turn(struct draw *d, const struct draw_script *script)
{
    d->script = *script;
}

void lists_ask(struct draw *d)
{
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_MODELS);
    assert_non_null(d->request);
}

const apipie_catalog *lists_get(struct draw *d)
{
    lists_ask(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_catalog *list = apipie_request_catalog(d->request);
    assert_non_null(list);
    return list;
}

const char *lists_warning(const struct draw *d, const char *part)
{
    const apipie_result *r = apipie_request_result(d->request);
    for (size_t i = 0; i < apipie_result_warning_count(r); i++) {
        if (strstr(apipie_result_warning(r, i), part) != NULL)
            return apipie_result_warning(r, i);
    }
    return NULL;
}
