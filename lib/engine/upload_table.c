/* SPDX-License-Identifier: MIT */
/* Knows which pictures have a URL at a server, for how long, and who waits for one; must not send. The leader's alone, but for the
 * names. */
#include "engine/engine_priv.h"

/* ---- names */

/* Some file systems keep times in steps of two seconds: within one of them a file may change and look the same. */
#define UPLOADS_TICK_US 2000000

/* Its path and what it was, for the file itself is read once, when it is sent. One that may still change unseen is like no other: its
 * URL is for the request alone, and its parts and tries. */
static void uploads_name_file(struct pie_input *in)
{
    uint8_t alone[16];
    pie_hash_add(&in->name, &in->stamp, sizeof(in->stamp));
    if (in->stamp.changed_us + UPLOADS_TICK_US < pie_clock_wall_ms() * 1000)
        return;
    pie_random(alone, sizeof(alone));
    pie_hash_add(&in->name, alone, sizeof(alone));
}

void pie_upload_name(const struct apipie_client *c, struct pie_input *in)
{
    pie_hash_init(&in->name);
    /* Nobody who makes pictures knows how the hash begins. */
    pie_hash_add(&in->name, c->upload_salt, sizeof(c->upload_salt));
    pie_hash_add(&in->name, &in->kind, sizeof(in->kind));
    pie_hash_add(&in->name, in->p, in->n);
    if (in->kind == PIE_INPUT_FILE)
        uploads_name_file(in);
}

/* The same picture is another one at another server. */
static struct pie_hash uploads_name_at(const struct apipie_request *r, const struct pie_input *in)
{
    struct pie_hash h = in->name;
    pie_hash_add(&h, r->place->backend, strlen(r->place->backend) + 1);
    pie_hash_add(&h, r->place->base_url, strlen(r->place->base_url));
    return h;
}

static int32_t uploads_is(const struct pie_upload *u, const struct pie_hash *name)
{
    return (u->url != NULL || u->by != NULL) && u->name.high == name->high &&
           u->name.low == name->low;
}

/* ---- places */

static void uploads_empty(struct apipie_client *c, struct pie_upload *u)
{
    pie_mem_free(&c->mem, u->url);
    memset(u, 0, sizeof(*u));
}

static struct pie_upload *uploads_find(struct apipie_client *c, const struct pie_hash *name)
{
    for (size_t i = 0; i < PIE_UPLOADS; i++) {
        struct pie_upload *u = &c->uploads[i];
        if (u->url != NULL && u->until_ms <= pie_clock_ms())
            uploads_empty(c, u);
        if (uploads_is(u, name))
            return u;
    }
    return NULL;
}

/* An empty one, or the one that was not used for the longest time; NULL: all are under way. */
static struct pie_upload *uploads_room(struct apipie_client *c)
{
    struct pie_upload *oldest = NULL;
    for (size_t i = 0; i < PIE_UPLOADS; i++) {
        struct pie_upload *u = &c->uploads[i];
        if (u->url == NULL && u->by == NULL)
            return u;
        if (u->by == NULL && (oldest == NULL || u->used < oldest->used))
            oldest = u;
    }
    if (oldest != NULL)
        uploads_empty(c, oldest);
    return oldest;
}

void pie_uploads_free(struct apipie_client *c)
{
    for (size_t i = 0; i < PIE_UPLOADS; i++)
        uploads_empty(c, &c->uploads[i]);
}

/* ---- who waits */

static void uploads_wait(struct apipie_request *r)
{
    r->run->waits_for_upload = 1;
    r->next_awaiting = r->client->awaiting;
    r->client->awaiting = r;
    pie_job_wait_until(r, r->deadline_ms); /* it is woken before that */
}

static void uploads_unlink(struct apipie_request *r)
{
    struct apipie_request **at = &r->client->awaiting;
    while (*at != r)
        at = &(*at)->next_awaiting;
    *at = r->next_awaiting;
    r->run->waits_for_upload = 0;
}

/* url: what they waited for; NULL: there is none. alone: it was no fault of whoever uploaded it, so each tries by itself, all at
 * once. */
static void uploads_wake(struct apipie_client *c, const struct pie_hash *name, const char *url,
                         int32_t alone)
{
    struct apipie_request *next = NULL;
    for (struct apipie_request *r = c->awaiting; r != NULL; r = next) {
        next = r->next_awaiting;
        if (r->run->upload.high != name->high || r->run->upload.low != name->low)
            continue;
        uploads_unlink(r);
        r->run->uploads_alone = alone;
        if (url != NULL)
            pie_upload_found(r, url);
        pie_job_wait_until(r, pie_clock_ms());
    }
}

/* ---- a job and its picture */

void pie_upload_found(struct apipie_request *r, const char *url)
{
    pie_buf_add_text(&r->run->found, url);
    pie_buf_add_char(&r->run->found, '\n');
}

int32_t pie_uploads_ask(struct apipie_request *r, const struct pie_input *in)
{
    struct apipie_client *c = r->client;
    r->run->upload = uploads_name_at(r, in);
    struct pie_upload *u = uploads_find(c, &r->run->upload);
    if (u != NULL && u->url != NULL) {
        u->used = ++c->uploads_used;
        pie_upload_found(r, u->url);
        return PIE_UPLOADS_HAVE;
    }
    if (u != NULL && u->by != r && !r->run->uploads_alone) {
        uploads_wait(r);
        return PIE_UPLOADS_WAIT;
    }
    u = u == NULL ? uploads_room(c) : NULL;
    if (u != NULL) {
        u->name = r->run->upload;
        u->by = r;
    }
    return PIE_UPLOADS_SEND;
}

void pie_uploads_came(struct apipie_request *r, const char *url, int64_t for_ms)
{
    struct apipie_client *c = r->client;
    const struct pie_hash name = r->run->upload;
    struct pie_upload *u = uploads_find(c, &name);
    int32_t mine = u != NULL && u->by == r;
    if (u == NULL)
        u = uploads_room(c);
    r->run->uploads_alone = 0;
    pie_upload_found(r, url);
    if (u != NULL) {
        struct apipie_request *by = u->by;
        uploads_empty(c, u);
        u->name = name;
        u->by = mine ? NULL : by;
        u->url = for_ms > 0 ? pie_mem_text(&c->mem, url, strlen(url)) : NULL;
        u->until_ms = pie_clock_ms() + for_ms;
        u->used = ++c->uploads_used;
    }
    uploads_wake(c, &name, url, 0);
}

void pie_uploads_left(struct apipie_request *r, int32_t failed)
{
    struct apipie_client *c = r->client;
    if (r->run == NULL)
        return;
    if (r->run->waits_for_upload)
        uploads_unlink(r);
    for (size_t i = 0; i < PIE_UPLOADS; i++) {
        struct pie_upload *u = &c->uploads[i];
        const struct pie_hash name = u->name;
        if (u->by != r)
            continue;
        uploads_empty(c, u);
        uploads_wake(c, &name, NULL, failed);
    }
}

/* One of the lines is that URL. */
static int32_t uploads_used_it(struct pie_slice found, const char *url)
{
    while (found.n != 0) {
        const char *end = memchr(found.p, '\n', found.n);
        size_t n = end != NULL ? (size_t)(end - found.p) : found.n;
        if (pie_slice_equal(pie_slice(found.p, n), url))
            return 1;
        n += end != NULL;
        found = pie_slice(found.p + n, found.n - n);
    }
    return 0;
}

void pie_uploads_refused(struct apipie_request *r, const struct apipie_error *err)
{
    struct apipie_client *c = r->client;
    if (r->run == NULL || r->dialect->next_upload == NULL || err->http_status < 400 ||
        err->http_status > 499 ||
        (err->code != APIPIE_E_PARAMETER && err->code != APIPIE_E_NOT_FOUND))
        return;
    for (size_t i = 0; i < PIE_UPLOADS; i++) {
        struct pie_upload *u = &c->uploads[i];
        if (u->url != NULL && u->by == NULL &&
            uploads_used_it(pie_buf_slice(&r->run->found), u->url))
            uploads_empty(c, u);
    }
}
