/* SPDX-License-Identifier: MIT */
/* Knows how one request becomes several jobs side by side, and one result again; must not send. */
#include "engine/engine_priv.h"

struct apipie_request *pie_part_new(struct apipie_request *whole, int32_t index, int32_t kind)
{
    struct apipie_client *c = whole->client;
    struct apipie_request *p = pie_request_new(c, kind);
    if (p == NULL)
        return NULL;
    p->whole = whole;
    p->view = whole->view;
    p->part = index;
    p->asked = pie_request_draws(p) ? whole->asked : &p->wish;
    p->dialect = whole->dialect;
    p->place = whole->place;
    p->places = whole->places;
    p->routes = whole->routes;
    p->dead_routes = whole->dead_routes;
    p->route = whole->route;
    p->submitted_ms = whole->submitted_ms;
    p->submitted_wall_ms = whole->submitted_wall_ms;
    p->deadline_ms = whole->deadline_ms;
    p->order = whole->order;
    pie_random(p->seed_of_keys, sizeof(p->seed_of_keys));
    pie_job_set_state(p, PIE_STATE_SEALED);
    if (pie_drive_list(p) == APIPIE_OK)
        return p;
    pie_request_drop(p);
    return NULL;
}

void pie_part_free_all(struct apipie_request *whole)
{
    for (int32_t i = 0; i < whole->part_count; i++) {
        if (whole->parts[i] != NULL)
            pie_request_drop(whole->parts[i]);
    }
    whole->parts = pie_mem_free(whole->mem, whole->parts);
    whole->part_count = 0;
}

/* They wait for what the whole does not need any more. */
static apipie_status part_make_room(struct apipie_request *r, int32_t count)
{
    pie_part_free_all(r);
    r->parts = pie_mem_new(r->mem, (size_t)count, sizeof(*r->parts));
    if (r->parts == NULL)
        return APIPIE_E_MEMORY;
    r->part_count = count;
    return APIPIE_OK;
}

static void part_become_whole(struct apipie_request *r)
{
    pie_route_release(r);
    pie_job_set_state(r, PIE_STATE_PARENT);
    pie_job_set_alarm(r);
}

/* Parts that have not begun. */
static void part_discard(struct apipie_request *r)
{
    for (int32_t i = 0; i < r->part_count; i++)
        pie_drive_unlist(r->parts[i]);
    pie_part_free_all(r);
}

void pie_part_split(struct apipie_request *r)
{
    int32_t count = r->asked->n;
    int32_t made = 0;
    /* The places of all pictures, now: after the money is spent it would be too late. */
    if (part_make_room(r, count) != APIPIE_OK ||
        pie_result_grow(r->result, (size_t)count) != APIPIE_OK) {
        pie_job_fail_memory(r);
        return;
    }
    part_become_whole(r);
    r->run->next_slot = 0;
    for (; made < count; made++) {
        r->parts[made] = pie_part_new(r, made, r->wish.kind);
        if (r->parts[made] == NULL)
            break;
    }
    r->part_count = r->parts_left = made;
    if (made < count) { /* nothing was sent yet */
        part_discard(r);
        pie_job_fail_memory(r);
        return;
    }
    /* One that fails at once must not end the whole while others are still to begin. */
    r->parts_left++;
    for (int32_t i = 0; i < made; i++)
        pie_job_begin(r->parts[i]);
    r->parts_left--;
    if (r->parts_left == 0)
        pie_part_finish(r);
}

void pie_part_stop_all(struct apipie_request *whole, apipie_status why)
{
    whole->stopped = why;
    whole->parts_left++;
    for (int32_t i = 0; i < whole->part_count; i++) {
        struct apipie_request *p = whole->parts[i];
        if (p != NULL && p->status == APIPIE_PENDING)
            pie_job_stop(p, why);
    }
    whole->parts_left--;
    if (whole->parts_left == 0)
        pie_part_finish(whole);
}

void pie_part_ended(struct apipie_request *part)
{
    struct apipie_request *whole = part->whole;
    if (part->wish.kind == PIE_REQUEST_PROGRESS) /* it is no part of the picture */
        return;
    whole->parts_left--;
    if (whole->parts_left == 0)
        pie_part_finish(whole);
}

/* ---- one result again */

static int64_t part_sum(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return APIPIE_UNKNOWN;
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static void part_add_usage(struct pie_usage *to, const struct pie_usage *from, int32_t first)
{
    if (first) {
        *to = *from;
        return;
    }
    to->cost = part_sum(to->cost, from->cost);
    to->prompt_tokens = part_sum(to->prompt_tokens, from->prompt_tokens);
    to->completion_tokens = part_sum(to->completion_tokens, from->completion_tokens);
    to->total_tokens = part_sum(to->total_tokens, from->total_tokens);
    to->latency_ms = from->latency_ms > to->latency_ms ? from->latency_ms : to->latency_ms;
    for (size_t i = 0; i < PIE_TOKEN_DETAILS; i++)
        to->detail[i] = part_sum(to->detail[i], from->detail[i]);
}

static void part_move_text(char **to, char **from)
{
    if (*to != NULL)
        return;
    *to = *from;
    *from = NULL;
}

/* What all of them say alike, from the first that says it. */
static void part_add_names(struct apipie_result *to, struct apipie_result *from)
{
    to->backend = to->backend != NULL ? to->backend : from->backend;
    part_move_text(&to->provider, &from->provider);
    part_move_text(&to->model, &from->model);
    if (to->created_ms < 0)
        to->created_ms = from->created_ms;
    if (to->request_id[0] == '\0')
        memcpy(to->request_id, from->request_id, sizeof(to->request_id));
    if (to->json.n == 0) {
        struct pie_buf empty = to->json;
        to->json = from->json;
        from->json = empty;
    }
    for (size_t i = 0; i < from->warning_count; i++)
        pie_result_warn(to, from->warnings[i], NULL);
}

/* Image j of part i is image i + j * parts: one each is the rule, a generous server loses nothing. */
static void part_add_images(struct apipie_request *whole, const struct apipie_request *part)
{
    struct apipie_result *from = part->result;
    for (size_t j = 0; j < from->count; j++) {
        size_t at = (size_t)part->part + j * (size_t)whole->part_count;
        if (at >= whole->result->count && (from->images[j].size == 0 && j > 0))
            continue;
        if (pie_result_grow(whole->result, at + 1) != APIPIE_OK)
            return;
        struct pie_image empty = whole->result->images[at];
        whole->result->images[at] = from->images[j];
        from->images[j] = empty;
    }
}

static void part_say_why(struct apipie_request *whole, const struct apipie_request *part)
{
    struct pie_image *image = &whole->result->images[part->part];
    if (image->size != 0 || image->status != APIPIE_OK)
        return;
    image->status = part->error.code;
    pie_text_copy(pie_slice_text(part->error.message), image->problem, sizeof(image->problem));
}

void pie_part_add_attempts(struct apipie_request *whole, const struct apipie_request *part)
{
    size_t count = whole->attempt_count + part->attempt_count;
    if (part->attempt_count == 0)
        return;
    struct pie_attempt *more =
        pie_mem_resize(whole->mem, whole->attempts, count * sizeof(*whole->attempts));
    if (more == NULL)
        return;
    memcpy(more + whole->attempt_count, part->attempts,
           part->attempt_count * sizeof(*part->attempts));
    whole->attempts = more;
    whole->attempt_count = whole->attempt_room = count;
}

static void part_add(struct apipie_request *whole, struct apipie_request *part, int32_t *first)
{
    pie_part_add_attempts(whole, part);
    whole->tries += part->tries;
    if (part->result != NULL && part->result_known) {
        part_add_images(whole, part);
        part_add_usage(&whole->result->usage, &part->result->usage, *first);
        part_add_names(whole->result, part->result);
        whole->result_known = 1;
        *first = 0;
    }
    if (part->error.code != APIPIE_OK)
        part_say_why(whole, part);
    if (part->error.code != APIPIE_OK && whole->error.code == APIPIE_OK)
        pie_error_move(&whole->error, &part->error);
}

static void part_merge(struct apipie_request *whole)
{
    int32_t first = 1;
    if (pie_result_grow(whole->result, (size_t)whole->part_count) != APIPIE_OK) {
        pie_job_fail_memory(whole);
        return;
    }
    for (int32_t i = 0; i < whole->part_count; i++)
        part_add(whole, whole->parts[i], &first);
    if (whole->stopped == APIPIE_E_CANCELLED) {
        struct apipie_error err;
        pie_error_init(&err, whole->mem);
        pie_error_set(&err, APIPIE_E_CANCELLED,
                      pie_money_billed(whole) != APIPIE_BILLED_NO ? PIE_HINT_SENT : "", "cancelled",
                      NULL, NULL);
        pie_job_fail_with(whole, &err);
        pie_error_free(&err);
        return;
    }
    pie_gather_commit(whole);
}

void pie_part_finish(struct apipie_request *whole)
{
    if (whole->settling)
        pie_settle_ended(whole);
    else
        part_merge(whole);
}
