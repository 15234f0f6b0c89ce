/* SPDX-License-Identifier: MIT */
/* Knows how a list of models is asked for, kept and used again; must not know what stands in it. */
#include "engine/engine_priv.h"

/* A rest so close to its limit was cut there. */
#define MODELJOB_FULL ((size_t)2 * PIE_REST_STRING_MAX)

struct pie_modeljob {
    char *url;                    /* as it was asked, before any redirect; see modeljob_name() */
    struct apipie_catalog *known; /* the last good one; NULL */
    int64_t known_ms;
    int32_t conditional;         /* the server was asked for another one than that */
    struct apipie_catalog *list; /* what the request brought */
    int32_t cached, fetched;     /* list is known; list is new */
    struct pie_shelf_list keep;  /* list, for the shelf */
    int32_t alone;               /* it waits for no other one */
    size_t old; /* list served in place of a new one: which warning says so, counted from 1 */
};

struct apipie_catalog *pie_models_list(const struct apipie_request *r)
{
    return r->models != NULL ? r->models->list : NULL;
}

void pie_models_free(struct apipie_request *r)
{
    struct pie_modeljob *m = r->models;
    if (m == NULL)
        return;
    pie_mem_free(r->mem, m->url);
    pie_catalog_drop(m->known);
    pie_catalog_drop(m->list);
    pie_shelf_list_free(&m->keep);
    r->models = pie_mem_free(r->mem, m);
}

static apipie_status modeljob_new(struct apipie_request *r)
{
    if (r->models != NULL)
        return APIPIE_OK;
    r->models = pie_mem_new(r->mem, 1, sizeof(*r->models));
    if (r->models == NULL)
        return APIPIE_E_MEMORY;
    pie_buf_init(&r->models->keep.text, r->mem, PIE_SHELF_FILE_MAX);
    return APIPIE_OK;
}

/* ---- asking */

static apipie_status modeljob_ask(struct apipie_request *r, const char *key,
                                  struct apipie_error *err)
{
    struct pie_call call;
    pie_call_init(&call, r->asked);
    call.base_url = r->place->base_url;
    call.key = key;
    pie_run_make_room(r, &r->run->fetch);
    apipie_status status = pie_dialect_ask_models(r->dialect, &call, &r->run->fetch);
    if (status == APIPIE_E_UNSUPPORTED && err->code == APIPIE_OK)
        pie_error_set(err, status, "ask another backend",
                      "there is no list of models at this address: ", r->place->base_url, NULL);
    if (status == APIPIE_E_LIMIT && err->code == APIPIE_OK)
        pie_error_set(err, APIPIE_E_ARGUMENT, "shorten the filters",
                      "set_filter: ", "all of them together are too long", NULL);
    return err->code != APIPIE_OK ? err->code : status;
}

static apipie_status modeljob_header(struct pie_leg *leg, const char *name, const char *value)
{
    if (value == NULL || leg == NULL)
        return APIPIE_OK;
    return pie_headers_add(&leg->request.headers, pie_slice_text(name), pie_slice_text(value));
}

/* What is known of this address. 1: nothing needs to be sent. */
static int32_t modeljob_look(struct apipie_request *r, struct pie_leg *leg,
                             apipie_status *ret_status)
{
    struct apipie_client *c = r->client;
    struct pie_modeljob *m = r->models;
    int32_t fresh = 0;
    struct apipie_catalog *before = m->known;
    m->known = NULL;
    m->conditional = 0;
    pie_lock_take(c->lock);
    const struct pie_shelf_list *list = c->shelf.on ? pie_shelf_find(&c->shelf, m->url) : NULL;
    if (list != NULL) {
        int64_t age = pie_clock_wall_ms() - list->wall_ms;
        m->known = pie_catalog_keep(list->list);
        m->known_ms = list->wall_ms;
        fresh = age >= 0 && age < c->shelf.ttl_ms;
        m->conditional = leg != NULL && (list->etag != NULL || list->modified != NULL);
        *ret_status = modeljob_header(leg, "If-None-Match", list->etag);
        if (*ret_status == APIPIE_OK)
            *ret_status = modeljob_header(leg, "If-Modified-Since", list->modified);
    }
    pie_lock_drop(c->lock);
    pie_catalog_drop(before);
    return fresh;
}

/* What the list is kept under. The gateway's: its address; any other one: its name too, for another account sees another list. */
static char *modeljob_name(const struct apipie_request *r)
{
    struct pie_buf name;
    const struct pie_buf *url = &r->run->fetch.request.url;
    pie_buf_init(&name, r->mem, url->max + APIPIE_LIMIT_TEXT + 2);
    if (!pie_backend_is_own(r->place->of)) {
        pie_buf_add_text(&name, r->place->backend);
        pie_buf_add_char(&name, ' ');
    }
    pie_buf_add(&name, url->p, url->n);
    char *copy = name.failed == APIPIE_OK ? pie_mem_text(r->mem, name.p, name.n) : NULL;
    pie_buf_free(&name);
    return copy;
}

/* Without the key first: it is not needed for what is in memory. */
static apipie_status modeljob_begin(struct apipie_request *r, struct apipie_error *err)
{
    apipie_status status = pie_run_make(r, err);
    if (status == APIPIE_OK)
        status = modeljob_new(r);
    if (status == APIPIE_OK)
        status = modeljob_ask(r, NULL, err);
    if (status != APIPIE_OK || r->models->url != NULL)
        return status;
    r->models->url = modeljob_name(r);
    return r->models->url != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
}

static apipie_status modeljob_encode(struct apipie_request *r, int32_t key_refused,
                                     struct apipie_error *err)
{
    apipie_status status = pie_run_ask_key(r, key_refused, err);
    if (status == APIPIE_OK)
        status = modeljob_ask(r, pie_run_key(r), err);
    if (status == APIPIE_OK)
        modeljob_look(r, &r->run->fetch, &status);
    if (status == APIPIE_OK)
        status = pie_run_set_way(r, 1, &r->run->fetch);
    r->run->leg = &r->run->fetch;
    r->run->redirects = 0;
    return status;
}

static void modeljob_use_known(struct apipie_request *r, int32_t cached)
{
    struct pie_modeljob *m = r->models;
    pie_catalog_drop(m->list);
    m->list = pie_catalog_keep(m->known);
    m->cached = cached;
}

/* With a cache, equal ones that are out at once are one: 1: another one is out. */
static int32_t modeljob_waits(struct apipie_request *r, apipie_status *ret_status)
{
    struct pie_modeljob *m = r->models;
    pie_lock_take(r->client->lock);
    int32_t on = r->client->shelf.on;
    pie_lock_drop(r->client->lock);
    if (!on || m->alone || r->drawing)
        return 0;
    if (r->same_key == NULL)
        r->same_key = pie_mem_text(r->mem, m->url, strlen(m->url));
    if (r->same_key != NULL)
        return pie_same_follows(r);
    *ret_status = APIPIE_E_MEMORY;
    return 0;
}

void pie_models_go(struct apipie_request *r, int32_t key_refused)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    apipie_status status = modeljob_begin(r, &err);
    if (status == APIPIE_OK && modeljob_look(r, NULL, &status)) {
        modeljob_use_known(r, 1);
        pie_models_finish(r);
        pie_error_free(&err);
        return;
    }
    int32_t waits = status == APIPIE_OK && modeljob_waits(r, &status);
    if (status == APIPIE_OK && !waits)
        status = modeljob_encode(r, key_refused, &err);
    if (!waits)
        pie_free_send(r, status, &err);
    pie_error_free(&err);
}

/* ---- reading */

/* What could not be sent back, or makes no sense there, is as good as none. */
static char *modeljob_tag(const struct apipie_request *r, const struct pie_outcome *o,
                          const char *name)
{
    const char *value = pie_headers_get(&o->headers, name);
    return value != NULL && pie_shelf_tag_is_good(value)
               ? pie_mem_text(r->mem, value, strlen(value))
               : NULL;
}

/* 1: of all models, or of all that make images. */
static int32_t modeljob_is_whole(const struct pie_wish *w)
{
    const struct pie_filter *f = w->filters;
    if (f == NULL)
        return 1;
    return f->next == NULL && strcmp(f->name, "type") == 0 && f->value != NULL &&
           pie_slice_equal_nocase(pie_slice_text(f->value), "image");
}

/* A new reference to list for the shelf, with what a later question and the file need. text: the list as the gateway would
 * have sent it; empty: the body is that. */
static void modeljob_keep(struct apipie_request *r, const struct pie_outcome *o,
                          const struct pie_buf *text)
{
    struct pie_modeljob *m = r->models;
    struct pie_shelf_list *k = &m->keep;
    pie_shelf_list_free(k);
    k->url = pie_mem_text(r->mem, m->url, strlen(m->url));
    k->etag = modeljob_tag(r, o, "etag");
    k->modified = modeljob_tag(r, o, "last-modified");
    k->wall_ms = pie_clock_wall_ms();
    k->whole = modeljob_is_whole(r->asked);
    k->list = pie_catalog_keep(m->list);
    pie_lock_take(r->client->lock);
    int32_t filed = r->client->shelf.path != NULL;
    pie_lock_drop(r->client->lock);
    if (filed && text->n != 0)
        pie_buf_add(&k->text, text->p, text->n);
    else if (filed)
        pie_json_plain(pie_body_rest(r->run->body), &k->text);
    if (k->text.failed != APIPIE_OK)
        pie_buf_free(&k->text);
}

static int32_t modeljob_refuse(const struct pie_outcome *o, struct apipie_error *err,
                               apipie_status code, const char *what, const char *more)
{
    pie_error_set(err, code,
                  code == APIPIE_E_MEMORY ? PIE_HINT_MEMORY
                                          : "is it the base URL of such a server?",
                  what, more, NULL);
    err->http_status = o->status;
    err->retryable = code == APIPIE_E_MALFORMED;
    pie_explain_request_id(&o->headers, err->request_id);
    return 0;
}

/* The text is JSON and whole, and says no error. */
static int32_t modeljob_is_good(struct apipie_request *r, const struct pie_outcome *o,
                                struct apipie_error *err)
{
    struct pie_reading g;
    const struct pie_body *body = r->run->body;
    const struct pie_damage *damage = pie_body_damage(body);
    int32_t json = pie_body_kind(body) == PIE_BODY_JSON;
    if (pie_body_failure(body) != APIPIE_OK)
        return modeljob_refuse(o, err, APIPIE_E_MEMORY, "out of memory", NULL);
    if (json && pie_body_shortened(body) &&
        pie_body_rest(body).n > PIE_REST_LIST_MAX - MODELJOB_FULL)
        return modeljob_refuse(o, err, APIPIE_E_TOO_LARGE,
                               "the list of models is larger than 64 MiB", NULL);
    if (json && damage->found)
        return modeljob_refuse(o, err, APIPIE_E_MALFORMED,
                               "the list of models is damaged: ", damage->what);
    if (json && pie_body_rest(body).n > PIE_BODY_TEXT_MAX) /* no error says so much */
        return 1;
    pie_reading_open(&g, r, o);
    int32_t good = json && g.reply.root != NULL;
    if (pie_explain_has_error(g.reply.root)) {
        pie_explain_no_image(&g.reply, r->result, err);
        good = 0;
    }
    pie_reading_close(&g);
    if (!good && err->code == APIPIE_OK)
        modeljob_refuse(o, err, APIPIE_E_MALFORMED, "the list of models is no JSON", NULL);
    return good;
}

/* A list in another form becomes one of the gateway's. */
static apipie_status modeljob_translate(struct apipie_request *r, const struct pie_outcome *o,
                                        struct pie_buf *out)
{
    struct pie_reading g;
    struct pie_call call;
    if (r->dialect->write_models == NULL)
        return APIPIE_OK;
    pie_call_init(&call, r->asked);
    pie_reading_open(&g, r, o);
    apipie_status status = r->dialect->write_models(&call, &g.reply, r->place->backend, out);
    pie_reading_close(&g);
    return status;
}

/* Takes the list. */
static void modeljob_take(struct apipie_request *r, const struct pie_outcome *o,
                          struct apipie_catalog *list, const struct pie_buf *text)
{
    struct pie_modeljob *m = r->models;
    pie_shelf_own(r->client, list);
    pie_catalog_drop(m->list);
    m->list = list;
    m->cached = 0;
    m->fetched = 1;
    modeljob_keep(r, o, text);
}

static int32_t modeljob_parse(struct apipie_request *r, const struct pie_outcome *o,
                              struct apipie_error *err)
{
    struct apipie_catalog *list = NULL;
    struct pie_buf ours;
    pie_buf_init(&ours, r->mem, PIE_REST_LIST_MAX);
    apipie_status status = modeljob_translate(r, o, &ours);
    if (status == APIPIE_OK && r->dialect->write_models != NULL)
        status = pie_catalog_parse(r->mem, pie_buf_slice(&ours), pie_clock_wall_ms(), &list);
    else if (status == APIPIE_OK)
        status = pie_catalog_parse_safe(r->mem, pie_body_rest(r->run->body), 0, pie_clock_wall_ms(),
                                        &list);
    if (status == APIPIE_OK)
        modeljob_take(r, o, list, &ours);
    pie_buf_free(&ours);
    if (status == APIPIE_E_MEMORY || status == APIPIE_E_LIMIT)
        return modeljob_refuse(o, err, APIPIE_E_MEMORY, "out of memory", NULL);
    if (status != APIPIE_OK)
        return modeljob_refuse(o, err, APIPIE_E_MALFORMED, "the reply is no list of models", NULL);
    return 1;
}

/* The server says that ours still holds. */
static void modeljob_renew(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    int64_t now = pie_clock_wall_ms();
    modeljob_use_known(r, 0);
    pie_lock_take(c->lock);
    struct pie_shelf_list *list = pie_shelf_find(&c->shelf, r->models->url);
    if (list != NULL && list->list == r->models->known)
        list->wall_ms = now;
    pie_lock_drop(c->lock);
}

int32_t pie_models_read(struct apipie_request *r, const struct pie_outcome *o,
                        struct apipie_error *err)
{
    if (o->wire != PIE_WIRE_OK)
        return 0;
    if (o->status == 304 && r->models->conditional && r->models->known != NULL) {
        modeljob_renew(r);
        return 1;
    }
    return o->status >= 200 && o->status < 300 && modeljob_is_good(r, o, err) &&
           modeljob_parse(r, o, err);
}

/* ---- the end */

static void modeljob_warn_file(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    char problem[sizeof(c->shelf.problem)];
    pie_lock_take(c->lock);
    memcpy(problem, c->shelf.problem, sizeof(problem));
    c->shelf.problem[0] = '\0';
    pie_lock_drop(c->lock);
    if (problem[0] != '\0')
        pie_result_warn(r->result, problem, NULL);
}

static void modeljob_write_down(struct apipie_request *r)
{
    const char *reason = "out of memory";
    if (pie_tariff_add(r->client, r->models->list, &reason) != APIPIE_OK)
        pie_result_warn(r->result, "the history of prices cannot be written: ", reason);
}

void pie_models_finish(struct apipie_request *r)
{
    struct pie_modeljob *m = r->models;
    if (m->fetched && pie_backend_is_own(r->place->of)) /* the prices are the gateway's */
        modeljob_write_down(r);
    if (m->fetched && m->keep.url != NULL)
        pie_shelf_put(r->client, &m->keep);
    if (!m->cached) {
        pie_shelf_save(r->client);
        if (pie_backend_is_own(r->place->of) &&
            pie_care_listed(r->client, r->place->backend) != APIPIE_OK)
            pie_result_warn(r->result, "health does not know the list: out of memory", NULL);
    }
    modeljob_warn_file(r);
    for (size_t i = 0; i < pie_catalog_warning_count(m->list); i++)
        pie_result_warn(r->result, pie_catalog_warning(m->list, i), NULL);
    r->result_known = 1;
    r->result->backend = r->place->backend;
    r->result->billed = APIPIE_BILLED_NO;
    r->result->cached = m->cached;
    pie_catalog_drop(m->known);
    m->known = NULL;
    pie_job_succeed(r);
}

static int32_t modeljob_is_servers_fault(apipie_status code)
{
    switch (code) {
    case APIPIE_E_CONNECT:
    case APIPIE_E_TLS:
    case APIPIE_E_TIMEOUT:
    case APIPIE_E_NETWORK:
    case APIPIE_E_SERVER:
    case APIPIE_E_MALFORMED:
    case APIPIE_E_TOO_LARGE:
        return 1;
    default:
        return 0;
    }
}

int32_t pie_models_rescue(struct apipie_request *r)
{
    char age[PIE_NUMBER_MAX + 64] = "the list of models is ";
    struct pie_modeljob *m = r->models;
    if (m == NULL || m->known == NULL || r->run == NULL ||
        !modeljob_is_servers_fault(r->error.code))
        return 0;
    int64_t seconds = (pie_clock_wall_ms() - m->known_ms) / 1000;
    pie_number_int_text(seconds > 0 ? seconds : 0, age + strlen(age));
    pie_text_copy(pie_slice_text(" s old: "), age + strlen(age), sizeof(age) - strlen(age));
    pie_result_warn(r->result, age, r->error.message);
    m->old = r->result->warning_count;
    m->fetched = 0;
    modeljob_use_known(r, 1);
    pie_models_finish(r);
    return 1;
}

/* ---- one that went out for several */

/* What stopped it was its own: somebody's cancel, or its own time. */
static int32_t modeljob_was_stopped(const struct apipie_request *r)
{
    return r->status == APIPIE_E_CANCELLED ||
           (r->status == APIPIE_E_TIMEOUT && r->deadline_ms <= pie_clock_ms());
}

void pie_models_share(struct apipie_request *r, const struct apipie_request *other)
{
    const struct pie_modeljob *from = other->models;
    struct pie_modeljob *m = r->models;
    if (other->status == APIPIE_OK) {
        pie_catalog_drop(m->list);
        m->list = pie_catalog_keep(from->list);
        m->cached = 1;
        if (from->old != 0)
            pie_result_warn(r->result, other->result->warnings[from->old - 1], NULL);
        pie_models_finish(r);
        return;
    }
    /* One failure is no reason for another: each tries by itself then, all at once. */
    m->alone = !modeljob_was_stopped(other);
    pie_job_wait_until(r, pie_clock_ms());
}
