/* SPDX-License-Identifier: MIT */
/* Knows how to open a body for the dialects; must not judge it. */
#include "engine/engine_priv.h"

/* An error body is kept raw by the body path: it becomes safe JSON here, when it is JSON at all. */
static struct pie_slice reading_json(struct pie_reading *g, struct apipie_request *r)
{
    struct pie_damage damage;
    struct pie_slice text = pie_body_rest(r->run->body);
    if (pie_body_kind(r->run->body) == PIE_BODY_JSON)
        return text;
    if (pie_json_safe(r->mem, text, &g->safe, &damage) != APIPIE_OK)
        return pie_slice(NULL, 0);
    return pie_buf_slice(&g->safe);
}

void pie_reading_open(struct pie_reading *g, struct apipie_request *r, const struct pie_outcome *o)
{
    memset(g, 0, sizeof(*g));
    pie_buf_init(&g->safe, r->mem, PIE_REST_MAX);
    g->reply.outcome = o;
    g->reply.parts = pie_body_parts(r->run->body, &g->reply.part_count);
    struct pie_slice json = reading_json(g, r);
    if (json.n != 0 && pie_doc_parse(r->mem, json, &g->doc) == APIPIE_OK)
        g->reply.root = pie_doc_root(g->doc);
    if (pie_body_kind(r->run->body) == PIE_BODY_TEXT)
        g->reply.text = pie_body_rest(r->run->body);
}

void pie_reading_close(struct pie_reading *g)
{
    pie_doc_free(g->doc);
    pie_buf_free(&g->safe);
}
