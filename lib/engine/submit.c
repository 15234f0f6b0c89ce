/* SPDX-License-Identifier: MIT */
/* Knows how a builder becomes a job: all that can be found wrong is found before anything is sent. */
#include "engine/engine_priv.h"

static apipie_status submit_error(struct apipie_request *r, apipie_status code, const char *hint,
                                  const char *a, const char *b)
{
    pie_error_set(&r->error, code, hint, a, b, NULL);
    return code;
}

static apipie_status submit_memory(struct apipie_request *r)
{
    return submit_error(r, APIPIE_E_MEMORY, "free some memory, then try again", "out of memory",
                        NULL);
}

/* Its own provider and model come first when it has set one of them, then its routes, or else its client's. */
static apipie_status submit_collect_routes(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    struct pie_routes *to = &r->own_routes;
    const char *backend = r->wish.text[PIE_WISH_BACKEND];
    const char *provider = r->wish.text[PIE_WISH_PROVIDER];
    const char *model = r->wish.text[PIE_WISH_MODEL];
    apipie_status status = APIPIE_OK;
    pie_routes_clear(to);
    if (backend != NULL || provider != NULL || model != NULL || !pie_request_draws(r))
        status = pie_routes_add(to, backend, provider, model);
    if (!pie_request_draws(r)) {
        r->routes = to;
        return status == APIPIE_OK ? APIPIE_OK : submit_memory(r);
    }
    if (status == APIPIE_OK && r->wish.routes.count != 0) {
        status = pie_routes_add_all(to, &r->wish.routes);
    } else if (status == APIPIE_OK) {
        pie_lock_take(c->lock);
        status = pie_routes_add_all(to, &c->routes);
        pie_lock_drop(c->lock);
    }
    if (status == APIPIE_OK && to->count == 0)
        status = pie_routes_add(to, NULL, NULL, NULL);
    r->routes = to;
    if (status == APIPIE_E_LIMIT)
        return submit_error(r, APIPIE_E_ARGUMENT, "leave some out",
                            "add_route: more routes than APIPIE_LIMIT_ROUTES", NULL);
    return status == APIPIE_OK ? APIPIE_OK : submit_memory(r);
}

/* Where each route leads, and that it can be asked there. */
static apipie_status submit_find_places(struct apipie_request *r)
{
    int32_t keyless = r->wish.kind == APIPIE_REQUEST_MODELS;
    apipie_status status = APIPIE_OK;
    pie_request_drop_places(r);
    r->own_places = r->places = pie_mem_new(r->mem, r->own_routes.count, sizeof(*r->places));
    if (r->places == NULL)
        return submit_memory(r);
    for (size_t i = 0; i < r->own_routes.count && status == APIPIE_OK; i++)
        status = pie_place_of(r->client, r->own_routes.items[i].backend, keyless, &r->places[i],
                              &r->error);
    if (status == APIPIE_OK)
        pie_route_take_place(r);
    return status;
}

/* A model may want none. */
static apipie_status submit_check_prompt(struct apipie_request *r, const struct pie_call *call,
                                         const struct pie_dialect *d)
{
    const struct pie_wish *w = &r->wish;
    if (w->text[PIE_WISH_PROMPT] != NULL || w->kind == APIPIE_REQUEST_VARIATION ||
        (w->kind == APIPIE_REQUEST_EDIT && d->wordless != NULL && d->wordless(call)))
        return APIPIE_OK;
    return submit_error(r, APIPIE_E_ARGUMENT, "say what to draw",
                        "set_prompt: the prompt is missing", NULL);
}

static apipie_status submit_check_route(struct apipie_request *r, size_t route)
{
    struct pie_call call;
    pie_call_init(&call, &r->wish);
    pie_route_names(r, route, &call.provider, &call.model);
    call.base_url = r->places[route]->base_url;
    call.key = r->places[route]->key;
    apipie_status status = submit_check_prompt(r, &call, r->places[route]->dialect);
    if (status == APIPIE_OK)
        status = pie_call_fit(r->places[route]->dialect, &call, NULL, &r->error);
    return status == APIPIE_E_MEMORY ? submit_memory(r) : status;
}

static int32_t submit_has(const struct pie_dialect *d, int32_t kind)
{
    if (kind == APIPIE_REQUEST_MODELS)
        return pie_dialect_has_models(d);
    return kind == APIPIE_REQUEST_UPLOAD ? d->ask_upload != NULL : d->ask_history != NULL;
}

static const char *submit_lacks(int32_t kind)
{
    if (kind == APIPIE_REQUEST_MODELS)
        return "servers of this kind have no list of models: ";
    return kind == APIPIE_REQUEST_UPLOAD ? "servers of this kind have no uploads: "
                                         : "servers of this kind have no history of bills: ";
}

/* A list, a history or an upload that this server does not have. */
static apipie_status submit_check_question(struct apipie_request *r)
{
    const char *note = NULL;
    const struct pie_dialect *d = r->dialect;
    if (submit_has(d, r->wish.kind)) {
        if (r->wish.kind != APIPIE_REQUEST_UPLOAD ||
            d->takes_upload(&r->wish.images.items[0], &note))
            return APIPIE_OK;
        return submit_error(r, APIPIE_E_ARGUMENT, "", "set_image: ", note);
    }
    return submit_error(r, APIPIE_E_UNSUPPORTED, "ask another backend", submit_lacks(r->wish.kind),
                        d->name);
}

static apipie_status submit_check_routes(struct apipie_request *r)
{
    apipie_status status = APIPIE_OK;
    if (!pie_request_draws(r))
        return submit_check_question(r);
    for (size_t i = 0; i < r->own_routes.count && status == APIPIE_OK; i++)
        status = submit_check_route(r, i);
    return status;
}

static apipie_status submit_check_images(struct apipie_request *r)
{
    const struct pie_wish *w = &r->wish;
    if (w->images.count != 0 || (w->kind == APIPIE_REQUEST_IMAGE && w->mask.kind == PIE_INPUT_NONE))
        return APIPIE_OK;
    return submit_error(r, APIPIE_E_ARGUMENT, "give it: apipie_request_set_image_file(), --image",
                        w->mask.kind != PIE_INPUT_NONE
                            ? "set_mask: there is no input image"
                            : "set_image: there is no input image to start from",
                        NULL);
}

/* One picture, and nothing that a picture is drawn from. */
static apipie_status submit_check_upload(struct apipie_request *r)
{
    const struct pie_wish *w = &r->wish;
    const char *problem = NULL;
    if (w->images.count == 0)
        problem = "set_image: the picture to upload is missing";
    else if (w->images.count > 1)
        problem = "add_image: an upload takes one picture; make a request for each";
    else if (w->mask.kind != PIE_INPUT_NONE)
        problem = "set_mask: an upload has none; upload the mask by itself";
    else if (w->text[PIE_WISH_PROMPT] != NULL)
        problem = "set_prompt: an upload draws nothing";
    if (problem == NULL)
        return APIPIE_OK;
    return submit_error(r, APIPIE_E_ARGUMENT,
                        "give one picture: apipie_request_set_image_bytes(), _file()", problem,
                        NULL);
}

static apipie_status submit_check_wish(struct apipie_request *r)
{
    if (r->wish.kind == APIPIE_REQUEST_UPLOAD)
        return submit_check_upload(r);
    if ((r->wish.kind == APIPIE_REQUEST_RECONCILE && r->settle != NULL) ||
        r->wish.kind == APIPIE_REQUEST_MODELS || r->wish.kind == APIPIE_REQUEST_HISTORY)
        return APIPIE_OK;
    if (!pie_request_draws(r))
        return submit_error(r, APIPIE_E_UNSUPPORTED,
                            "this version makes images (APIPIE_REQUEST_IMAGE, _EDIT, _VARIATION), "
                            "lists models (_MODELS) and bills (_HISTORY), uploads (_UPLOAD); a "
                            "reconciliation is made by "
                            "apipie_request_new_reconcile()",
                            "apipie_request_new: this kind of request is not in this version",
                            NULL);
    return submit_check_images(r);
}

/* The host looks at it before anything else happens. No lock is held. */
static apipie_status submit_ask_veto(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    char reason[256] = "";
    if (!pie_request_draws(r))
        return APIPIE_OK;
    pie_lock_take(c->lock);
    struct pie_hook *hook = pie_hook_keep(c->veto_hook);
    pie_lock_drop(c->lock);
    if (hook == NULL)
        return APIPIE_OK;
    apipie_status status = hook->veto(hook->user, r, reason, sizeof(reason));
    pie_hook_drop(hook);
    reason[sizeof(reason) - 1] = '\0';
    if (status == APIPIE_OK)
        return APIPIE_OK;
    return submit_error(r, APIPIE_E_VETOED, "change the prompt; nothing was sent",
                        reason[0] != '\0' ? reason : "the host's veto refused it", NULL);
}

/* What cannot be written is found now, and again when the request's turn comes. A device or a pipe is opened only then: whoever
 * reads it would take the end for the end. */
static apipie_status submit_check_output(struct apipie_request *r)
{
    struct pie_sink *sink = NULL;
    const char *path = r->wish.text[PIE_WISH_OUTPUT];
    if ((r->wish.output != PIE_OUTPUT_FILE && r->wish.output != PIE_OUTPUT_FOLDER) ||
        pie_path_kind(path) == PIE_PATH_SPECIAL)
        return APIPIE_OK;
    apipie_status status = pie_sink_new(r->mem, &r->wish, &sink);
    if (status == APIPIE_OK) {
        status = sink->type->open(sink, &r->error);
        sink->type->close(sink);
    }
    if (status != APIPIE_OK && r->error.code != APIPIE_OK)
        return r->error.code;
    return status == APIPIE_OK ? APIPIE_OK : submit_memory(r);
}

static apipie_status submit_check_input(struct apipie_request *r, const struct pie_input *in)
{
    pie_file f = PIE_FILE_NONE;
    struct pie_buf problem;
    const char *reason = NULL;
    if (in->kind != PIE_INPUT_FILE)
        return APIPIE_OK;
    if (pie_file_open_same(in->p, &in->stamp, &f, &reason) == APIPIE_OK) {
        pie_file_close(f, &reason);
        return APIPIE_OK;
    }
    pie_buf_init(&problem, r->mem, 2 * APIPIE_LIMIT_TEXT + 4096);
    pie_buf_add_text(&problem, reason);
    pie_buf_add_text(&problem, ": ");
    pie_buf_add_text(&problem, in->p);
    pie_verdict_file(problem.failed == APIPIE_OK ? problem.p : reason, &r->error);
    pie_buf_free(&problem);
    return r->error.code;
}

/* Files that go with it are looked at now, and before each time that they are sent. */
static apipie_status submit_check_inputs(struct apipie_request *r)
{
    const struct pie_wish *w = &r->wish;
    apipie_status status = submit_check_input(r, &w->mask);
    for (size_t i = 0; i < w->images.count && status == APIPIE_OK; i++)
        status = submit_check_input(r, &w->images.items[i]);
    return status;
}

/* Pictures of which one client may use the same URL again. On this thread: they may take a while to read. */
static void submit_name_inputs(struct apipie_request *r)
{
    const char *note = NULL;
    struct pie_wish *w = &r->wish;
    size_t route = 0;
    while (route < r->own_routes.count && r->places[route]->dialect->next_upload == NULL)
        route++;
    if (!pie_request_draws(r) || route == r->own_routes.count ||
        w->transfer != APIPIE_TRANSFER_AUTO)
        return;
    const struct pie_dialect *d = r->places[route]->dialect;
    for (size_t i = 0; i < w->images.count; i++) {
        if (d->takes_upload(&w->images.items[i], &note))
            pie_upload_name(r->client, &w->images.items[i]);
    }
    if (w->mask.kind != PIE_INPUT_NONE && d->takes_upload(&w->mask, &note))
        pie_upload_name(r->client, &w->mask);
}

/* What the cache calls it. On this thread: a picture that goes with it may take a while to read. */
static apipie_status submit_name(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    pie_lock_take(c->lock);
    r->cache = pie_cache_keep(c->cache);
    pie_lock_drop(c->lock);
    apipie_status status = pie_same_name(r);
    if (status == APIPIE_E_MEMORY)
        return submit_memory(r);
    if (status == APIPIE_E_FILE && submit_check_inputs(r) == APIPIE_OK)
        pie_verdict_file("it was changed in the meantime", &r->error);
    return status == APIPIE_OK ? status : r->error.code;
}

static apipie_status submit_check(struct apipie_request *r)
{
    if (r->setter_failed)
        return r->error.code;
    if (pie_atomic_get(&r->cancel))
        return submit_error(r, APIPIE_E_CANCELLED, "", "cancelled before it was submitted", NULL);
    apipie_status status = submit_check_wish(r);
    if (status == APIPIE_OK)
        status = submit_collect_routes(r);
    if (status == APIPIE_OK)
        status = submit_find_places(r);
    if (status == APIPIE_OK)
        status = submit_check_routes(r);
    if (status == APIPIE_OK)
        status = submit_ask_veto(r);
    if (status == APIPIE_OK)
        status = submit_check_inputs(r);
    if (status == APIPIE_OK)
        status = submit_check_output(r);
    if (status == APIPIE_OK)
        submit_name_inputs(r);
    return status == APIPIE_OK ? submit_name(r) : status;
}

/* First come, first seen. */
static void submit_enqueue(struct apipie_client *c, struct apipie_request *r)
{
    r->next = NULL;
    if (c->inbox == NULL)
        c->inbox = r;
    else
        c->inbox_last->next = r;
    c->inbox_last = r;
}

/* The lock is held. */
static void submit_take_settings(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    r->reconcile_ms = c->reconcile_ms;
    r->submitted_ms = r->until_ms = pie_clock_ms();
    r->submitted_wall_ms = pie_clock_wall_ms();
    r->deadline_ms = r->submitted_ms + r->wish.timeout_ms;
    pie_random(r->seed_of_keys, sizeof(r->seed_of_keys));
}

static apipie_status submit_hand_over(struct apipie_request *r, int32_t waits)
{
    struct apipie_client *c = r->client;
    apipie_status status = APIPIE_OK;
    pie_lock_take(c->lock);
    if (c->closing)
        status = submit_error(r, APIPIE_E_CANCELLED, "", "its client was freed", NULL);
    else if (pie_engine_connect(c) != APIPIE_OK)
        status = submit_memory(r);
    if (status == APIPIE_OK) {
        pie_request_keep(r);
        submit_take_settings(r);
        submit_enqueue(c, r);
        c->open++;
        r->waiters += waits; /* nobody else is given what ends before he comes */
        pie_engine_look_again(c);
        pie_sleep_hand_over(c); /* to one that could not lead before there was a transport */
    }
    pie_lock_drop(c->lock);
    return status;
}

static void submit_failed(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    pie_job_fail(r);
    pie_lock_take(c->lock);
    pie_atomic_set(&r->state, PIE_STATE_ENDED);
    pie_atomic_set(&r->view->phase, APIPIE_PHASE_ENDED);
    pie_sleep_wake(c, r);
    pie_lock_drop(c->lock);
}

static apipie_status submit_sealed(struct apipie_request *r, int32_t waits)
{
    struct pie_inside frame;
    r->submitted_ms = pie_clock_ms();
    pie_inside_enter(&frame, r->client, PIE_INSIDE_SUBMIT);
    apipie_status status = submit_check(r);
    if (status == APIPIE_OK) {
        pie_log_submitted(r);
        status = submit_hand_over(r, waits);
    }
    if (status != APIPIE_OK)
        submit_failed(r);
    pie_inside_leave(&frame);
    return status;
}

apipie_status pie_engine_submit(struct apipie_request *r, int32_t waits)
{
    struct apipie_client *c = r->client;
    if (pie_client_is_foreign(c))
        return APIPIE_E_FORKED;
    int32_t where = pie_inside_where(c);
    if (where == PIE_INSIDE_TURN || where == PIE_INSIDE_SUBMIT)
        return APIPIE_E_REENTRANT;
    pie_lock_take(c->lock);
    int32_t state = pie_atomic_get(&r->state);
    if (state == PIE_STATE_BUILDING) {
        pie_atomic_set(&r->state, PIE_STATE_SEALED);
        pie_atomic_set(&r->view->phase, APIPIE_PHASE_QUEUED);
        pie_watch_begin(r);
    }
    pie_lock_drop(c->lock);
    return state == PIE_STATE_BUILDING ? submit_sealed(r, waits) : APIPIE_E_STATE;
}
