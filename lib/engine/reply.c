/* SPDX-License-Identifier: MIT */
/* Knows how to open a body for the dialects; must not judge it. */
#include "engine/engine_priv.h"

/* An error body is kept raw by the body path: it becomes safe JSON here, when it is JSON at all. */
static struct pie_slice reading_json(struct pie_reading *g, struct apipie_request *r)
{
    struct pie_damage damage;
    struct pie_slice text = pie_body_rest(r->run->body);
    int32_t kind = pie_body_kind(r->run->body);
    if (kind == PIE_BODY_JSON || kind == PIE_BODY_EVENTS)
        return text;
    apipie_status status = pie_json_safe(r->mem, text, &g->safe, &damage);
    g->no_memory = status == APIPIE_E_MEMORY || g->safe.failed == APIPIE_E_MEMORY;
    if (status != APIPIE_OK)
        return pie_slice(NULL, 0);
    return pie_buf_slice(&g->safe);
}

/* The last event with a picture, or the url of one; -1 without. */
static int32_t reading_picture(const struct pie_reply *reply)
{
    int32_t event = -1;
    for (size_t i = 0; i < reply->part_count; i++) {
        const struct pie_part *part = &reply->parts[i];
        int32_t good = part->kind == PIE_PART_IMAGE || part->kind == PIE_PART_URL;
        event = good && part->event > event ? part->event : event;
    }
    return event;
}

/* From all events to the one that the reply comes down to. */
static void reading_events(struct pie_reply *reply, int32_t failed)
{
    size_t count = pie_node_count(reply->root);
    reply->events = reply->root;
    for (size_t i = 0; i < count && failed < 0; i++) {
        if (pie_explain_has_error(pie_node_at(reply->events, i)))
            failed = (int32_t)i;
    }
    int32_t picture = reading_picture(reply);
    reply->failed = failed >= 0;
    size_t at = picture >= 0 ? (size_t)picture : failed >= 0 ? (size_t)failed : count - 1;
    reply->root = count != 0 ? pie_node_at(reply->events, at) : NULL;
    if (pie_node_kind(reply->root) == PIE_JSON_TEXT) {
        reply->text = pie_node_text(reply->root);
        reply->root = NULL;
    }
}

void pie_reading_open(struct pie_reading *g, struct apipie_request *r, const struct pie_outcome *o)
{
    memset(g, 0, sizeof(*g));
    pie_buf_init(&g->safe, r->mem, PIE_REST_MAX);
    g->reply.outcome = o;
    g->reply.parts = pie_body_parts(r->run->body, &g->reply.part_count);
    struct pie_slice json = reading_json(g, r);
    apipie_status status = json.n != 0 ? pie_doc_parse(r->mem, json, &g->doc) : APIPIE_OK;
    g->reply.root = pie_doc_root(g->doc);
    g->no_memory |= status == APIPIE_E_MEMORY || pie_body_failure(r->run->body) == APIPIE_E_MEMORY;
    if (pie_body_kind(r->run->body) == PIE_BODY_EVENTS && g->reply.root != NULL)
        reading_events(&g->reply, pie_body_event_failed(r->run->body));
    if (pie_body_kind(r->run->body) == PIE_BODY_TEXT)
        g->reply.text = pie_body_rest(r->run->body);
}

void pie_reading_close(struct pie_reading *g)
{
    pie_doc_free(g->doc);
    pie_buf_free(&g->safe);
}
