/* SPDX-License-Identifier: MIT */
/* Knows how replies become images of a result, and when they count; must not send or retry. */
#include "engine/engine_priv.h"

static void gather_fail_memory(struct apipie_error *err)
{
    pie_error_set(err, APIPIE_E_MEMORY, "free some memory, then try again", "out of memory", NULL,
                  NULL);
}

/* The number behind the last slot that the body path used. */
static uint32_t gather_next_slot(const struct apipie_request *r)
{
    size_t n = 0;
    uint32_t next = r->run->next_slot;
    const struct pie_part *parts = pie_body_parts(r->run->body, &n);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].slot != PIE_SLOT_NONE && parts[i].slot >= next)
            next = parts[i].slot + 1;
    }
    return next;
}

/* What was asked for otherwise than it was sent. */
static void gather_warn_fit(struct apipie_request *r)
{
    struct pie_call call;
    struct pie_buf notes;
    pie_buf_init(&notes, r->mem, 4096);
    pie_call_init(&call, r->asked);
    call.base_url = r->place->base_url;
    pie_route_names(r, r->route, &call.provider, &call.model);
    call.no_uploads = r->run->no_uploads;
    pie_run_fit(r, &call, &notes);
    for (struct pie_slice rest = pie_buf_slice(&notes); rest.n != 0;) {
        char line[200];
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;
        pie_text_copy(pie_slice(rest.p, n), line, sizeof(line));
        pie_result_warn(r->result, line, NULL);
        n += end != NULL;
        rest = pie_slice(rest.p + n, rest.n - n);
    }
    pie_buf_free(&notes);
}

/* A paid picture is never thrown away for what is wrong around it: that is told instead. */
static void gather_warn_damage(struct apipie_request *r, const struct pie_outcome *o)
{
    const struct pie_damage *d = pie_body_damage(r->run->body);
    if (o->wire != PIE_WIRE_OK)
        pie_result_warn(r->result, "the reply broke off after the picture: ", o->detail);
    else if (d->found) {
        struct pie_buf text;
        pie_buf_init(&text, r->mem, 400);
        pie_buf_add_text(&text, d->what);
        pie_buf_add_text(&text, ", at byte ");
        pie_buf_add_uint(&text, d->offset);
        if (text.failed == APIPIE_OK)
            pie_result_warn(r->result, "the reply is damaged: ", text.p);
        pie_buf_free(&text);
    }
    if (pie_body_shortened(r->run->body))
        pie_result_warn(r->result, "the reply's JSON was shortened: a text in it is too long",
                        NULL);
}

static void gather_keep_json(struct apipie_request *r, const struct pie_node *root)
{
    if (root == NULL)
        return;
    pie_json_plain(pie_body_rest(r->run->body), &r->result->json);
    if (r->result->json.failed != APIPIE_OK)
        pie_buf_free(&r->result->json);
}

/* Without a picture, the first damage is the better story. */
static void gather_explain_damage(struct apipie_request *r, struct apipie_error *err)
{
    const struct pie_damage *d = pie_body_damage(r->run->body);
    char at[PIE_NUMBER_MAX + 16] = " at byte ";
    if (!d->found || (err->code != APIPIE_E_NO_IMAGE && err->code != APIPIE_E_MALFORMED))
        return;
    struct apipie_error better;
    pie_error_init(&better, r->mem);
    pie_number_uint_text(d->offset, at + strlen(at));
    pie_error_set(&better, APIPIE_E_MALFORMED, err->hint, "the reply is damaged: ", d->what, at);
    better.http_status = err->http_status;
    memcpy(better.request_id, err->request_id, sizeof(better.request_id));
    pie_error_move(err, &better);
    pie_error_free(&better);
}

/* A url may be relative to the call, or hold nothing that can be one. */
static void gather_resolve_urls(struct apipie_request *r)
{
    for (size_t i = 0; i < r->result->count; i++) {
        struct pie_image *image = &r->result->images[i];
        char *absolute = NULL;
        if (image->url == NULL)
            continue;
        if (pie_url_resolve(r->mem, r->run->call.request.url.p, image->url, &absolute) != APIPIE_OK)
            continue; /* kept as it came; fetching it will say why it is none */
        pie_mem_free(r->mem, image->url);
        image->url = absolute;
    }
}

int32_t pie_gather_decode(struct apipie_request *r, const struct pie_outcome *o,
                          struct apipie_error *err)
{
    struct pie_reading g;
    struct pie_call call;
    pie_reading_open(&g, r, o);
    pie_run_call(r, &call);
    r->result_known = 1;
    r->result->backend = r->place->backend;
    apipie_status status = r->dialect->decode(&call, &g.reply, r->result, err);
    if (status == APIPIE_E_MEMORY && err->code == APIPIE_OK)
        gather_fail_memory(err);
    gather_keep_json(r, g.reply.events != NULL ? g.reply.events : g.reply.root);
    r->run->next_slot = gather_next_slot(r);
    gather_resolve_urls(r);
    if (status == APIPIE_OK) {
        gather_warn_fit(r);
        gather_warn_damage(r, o);
        if (g.reply.root == NULL && pie_body_kind(r->run->body) == PIE_BODY_JSON)
            pie_result_warn(r->result, "what the reply says beside the picture could not be read",
                            NULL);
        r->run->fetching = 0;
    } else {
        gather_explain_damage(r, err);
    }
    pie_reading_close(&g);
    return status == APIPIE_OK;
}

/* ---- images by url */

static const char *gather_hint(apipie_status status)
{
    if (status == APIPIE_E_TOO_LARGE)
        return "raise the limit: apipie_request_set_max_image_bytes(), --max-image-bytes";
    return "the picture was drawn and billed; the result has its url";
}

int32_t pie_gather_fetched(struct apipie_request *r, const struct pie_outcome *o,
                           struct apipie_error *err)
{
    size_t n = 0;
    const struct pie_part *parts = pie_body_parts(r->run->body, &n);
    if (n != 0 && parts[0].kind == PIE_PART_IMAGE) {
        pie_image_take(&r->result->images[r->run->fetching], &parts[0]);
        r->run->next_slot = gather_next_slot(r);
        r->run->fetching++;
        return 1;
    }
    if (n != 0 && parts[0].kind == PIE_PART_BROKEN)
        pie_error_set(err, parts[0].status, gather_hint(parts[0].status),
                      "the image's url: ", parts[0].problem, NULL);
    else
        pie_error_set(err, APIPIE_E_NO_IMAGE,
                      "the server keeps the picture elsewhere, or not any more",
                      "the image's url holds no picture but text", NULL, NULL);
    err->http_status = o->status;
    return 0;
}

void pie_gather_give_up(struct apipie_request *r, struct apipie_error *err)
{
    struct pie_image *image =
        r->run->fetching < r->result->count ? &r->result->images[r->run->fetching] : NULL;
    /* What a storage host says to a GET is about the url, not about the key or the model. */
    if (err->http_status >= 300 && err->code <= APIPIE_E_AUTH && err->code > APIPIE_E_MALFORMED) {
        char words[sizeof(err->message)];
        int32_t http = err->http_status;
        memcpy(words, err->message, sizeof(words));
        pie_error_set(
            err, APIPIE_E_NETWORK,
            "the picture was drawn; its url may have expired or need time: see the result's url",
            "the image's url cannot be fetched: ", words, NULL);
        err->http_status = http;
    }
    if (image != NULL && image->size == 0) {
        image->status = err->code;
        pie_text_copy(pie_slice_text(err->message), image->problem, sizeof(image->problem));
    }
    if (r->error.code == APIPIE_OK)
        pie_error_move(&r->error, err);
    r->run->fetching++;
}

void pie_gather_go_on(struct apipie_request *r)
{
    while (r->run->fetching < r->result->count) {
        struct apipie_error err;
        struct pie_image *image = &r->result->images[r->run->fetching];
        if (image->size != 0 || image->url == NULL) {
            r->run->fetching++;
            continue;
        }
        pie_error_init(&err, r->mem);
        apipie_status status = pie_leg_fetch(r, image->url, &err);
        if (status == APIPIE_OK) {
            r->run->leg = &r->run->fetch;
            r->run->redirects = r->run->fetch_tries = 0;
            r->run->fetch_since_ms = pie_clock_ms();
            pie_job_wait_until(r, r->run->fetch_since_ms);
            return;
        }
        if (err.code == APIPIE_OK)
            gather_fail_memory(&err);
        pie_gather_give_up(r, &err);
        pie_error_free(&err);
    }
    pie_gather_commit(r);
}

/* ---- the end */

static void gather_commit_one(struct apipie_request *r, size_t index)
{
    struct pie_image *image = &r->result->images[index];
    if (image->slot == PIE_SLOT_NONE || image->size == 0)
        return;
    if (r->whole != NULL) { /* the whole commits, when all of its parts are there */
        image->slot = pie_share_hand_over(r->run->sink, image->slot);
        return;
    }
    apipie_status status =
        r->run->sink->type->commit(r->run->sink, image->slot, index, r->result->count, image);
    image->slot = PIE_SLOT_NONE; /* the sink has given it away, or dropped it */
    if (status == APIPIE_OK) {
        if (strcmp(image->mime, PIE_MIME_UNKNOWN) == 0)
            pie_result_warn(r->result, "the bytes are no image format that is known here", NULL);
        return;
    }
    image->size = 0;
    image->status = status;
    pie_text_copy(pie_slice_text(r->run->sink->problem), image->problem, sizeof(image->problem));
    if (r->error.code == APIPIE_OK)
        pie_error_set(&r->error, status, "the picture was drawn and paid; it could not be kept",
                      r->run->sink->problem, NULL, NULL);
}

static void gather_warn_missing(struct apipie_request *r)
{
    for (size_t i = 0; i < r->result->count; i++) {
        char which[PIE_NUMBER_MAX + 16] = "image ";
        const struct pie_image *image = &r->result->images[i];
        if (image->size != 0)
            continue;
        pie_number_uint_text(i + 1, which + strlen(which));
        memcpy(which + strlen(which), ": ", 3);
        pie_result_warn(r->result, which, image->problem);
    }
}

void pie_gather_commit(struct apipie_request *r)
{
    for (size_t i = 0; i < r->result->count; i++)
        gather_commit_one(r, i);
    if (pie_result_whole(r->result) != 0) {
        gather_warn_missing(r);
        pie_job_succeed(r);
        return;
    }
    pie_job_fail(r);
}
