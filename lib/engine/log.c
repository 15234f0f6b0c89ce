/* SPDX-License-Identifier: MIT */
/* Knows the lines of the log; must not change what they tell of. */
#include "engine/engine_priv.h"

struct log_line {
    const struct pie_hook *hook;
    struct pie_log_hide hide;
    size_t n;
    int32_t full;
    char text[PIE_LOG_LINE];
};

static const struct apipie_request *log_whole(const struct apipie_request *r)
{
    return r->whole != NULL ? r->whole : r;
}

static int32_t log_wants(const struct apipie_request *r, int32_t level)
{
    const struct pie_hook *hook = log_whole(r)->log;
    return hook != NULL && hook->level >= level && r->wish.kind != PIE_REQUEST_PROGRESS;
}

static void log_call(const struct log_line *l, int32_t level)
{
    l->hook->log(l->hook->user, level, l->text);
}

/* ---- a line */

static void log_say(struct log_line *l, const char *text)
{
    size_t room = sizeof(l->text) - l->n;
    size_t n = strlen(text);
    if (l->full)
        return;
    pie_text_copy(pie_slice(text, n), l->text + l->n, room);
    l->n += strlen(l->text + l->n);
    if (n < room)
        return;
    l->full = 1;
    l->n = pie_utf8_cut(l->text, l->n, sizeof(l->text) - 4);
    memcpy(l->text + l->n, "...", 4);
}

/* What somebody else wrote. */
static void log_tell(struct log_line *l, const char *text)
{
    char safe[PIE_LOG_LINE];
    pie_log_text(pie_slice_text(text), &l->hide, safe, sizeof(safe));
    log_say(l, safe);
}

static void log_say_int(struct log_line *l, const char *before, int64_t v, const char *after)
{
    char number[PIE_NUMBER_MAX];
    pie_number_int_text(v, number);
    log_say(l, before);
    log_say(l, number);
    log_say(l, after);
}

static void log_begin(struct log_line *l, const struct apipie_request *r)
{
    const struct apipie_request *whole = log_whole(r);
    l->hook = whole->log;
    l->hide.key = pie_run_key(r);
    l->hide.prompts[0] = l->hide.prompts[1] = NULL;
    l->hide.headers[0] = r->place != NULL ? &r->place->headers : NULL;
    l->hide.headers[1] = &whole->asked->headers;
    if (l->hook->level < APIPIE_LOG_PROMPT) {
        l->hide.prompts[0] = whole->wish.text[PIE_WISH_PROMPT];
        l->hide.prompts[1] = whole->wish.text[PIE_WISH_NEGATIVE];
    }
    l->n = 0;
    l->full = 0;
    log_say_int(l, "request ", (int64_t)whole->number, "");
    if (r != whole && r->wish.kind == APIPIE_REQUEST_RECONCILE)
        log_say(l, " look");
    else if (r != whole)
        log_say_int(l, " part ", (int64_t)r->part + 1, "");
    log_say(l, ": ");
}

/* ---- pieces of lines */

static const char *log_purpose(int32_t purpose)
{
    static const char *const names[] = {
        [APIPIE_PURPOSE_GENERATE] = "call",   [APIPIE_PURPOSE_DOWNLOAD] = "download",
        [APIPIE_PURPOSE_HISTORY] = "history", [APIPIE_PURPOSE_MODELS] = "models",
        [APIPIE_PURPOSE_CHECK] = "check",     [APIPIE_PURPOSE_POLL] = "poll",
        [APIPIE_PURPOSE_STOP] = "stop",       [APIPIE_PURPOSE_PROGRESS] = "progress",
        [APIPIE_PURPOSE_UPLOAD] = "upload",
    };
    return purpose > 0 && (size_t)purpose < PIE_COUNT(names) ? names[purpose] : "call";
}

static const char *log_kind(int32_t kind)
{
    if (kind == APIPIE_REQUEST_MODELS)
        return "list of models";
    if (kind == APIPIE_REQUEST_UPLOAD)
        return "upload";
    return kind == APIPIE_REQUEST_HISTORY ? "history" : "reconciliation";
}

static const char *log_outcome(int32_t outcome)
{
    static const char *const names[] = {
        [APIPIE_OUTCOME_NOT_SENT] = "not sent",
        [APIPIE_OUTCOME_REJECTED] = "rejected",
        [APIPIE_OUTCOME_DELIVERED] = "delivered",
        [APIPIE_OUTCOME_UNKNOWN] = "unknown",
    };
    return names[outcome];
}

static const char *log_billed(int32_t billed)
{
    if (billed == APIPIE_BILLED_YES)
        return "billed";
    return billed == APIPIE_BILLED_UNKNOWN ? "perhaps billed" : "not billed";
}

static void log_tell_route(struct log_line *l, const struct apipie_request *r, size_t route)
{
    const char *provider = NULL;
    const char *model = NULL;
    pie_route_names(r, route, &provider, &model);
    log_tell(l, provider != NULL ? provider : "any provider");
    log_say(l, "/");
    log_tell(l, model != NULL ? model : "any model");
}

/* "rejected, HTTP 429" */
static void log_say_verdict(struct log_line *l, const struct pie_attempt *a)
{
    log_say(l, log_outcome(a->outcome));
    if (a->http_status != 0)
        log_say_int(l, ", HTTP ", a->http_status, "");
    if (a->status != APIPIE_OK) {
        log_say(l, ", ");
        log_say(l, pie_error_name(a->status));
    }
}

static void log_say_next(struct log_line *l, const struct apipie_request *r, int32_t next,
                         int64_t number)
{
    if (next == PIE_NEXT_AGAIN)
        log_say_int(l, ", again in ", number, " ms");
    if (next == PIE_NEXT_KEY)
        log_say(l, ", again with a fresh key");
    if (next == PIE_NEXT_PARTS)
        log_say(l, ", next one call for each image");
    if (next == PIE_NEXT_ROUTE) {
        log_say(l, ", next route ");
        log_tell_route(l, r, (size_t)number);
    }
}

/* ---- the lines */

static void log_prompt(const struct apipie_request *r, const char *name, const char *prompt)
{
    struct log_line l;
    if (prompt == NULL || !log_wants(r, APIPIE_LOG_PROMPT))
        return;
    log_begin(&l, r);
    log_say(&l, name);
    log_tell(&l, prompt);
    log_call(&l, APIPIE_LOG_PROMPT);
}

void pie_log_submitted(const struct apipie_request *r)
{
    struct log_line l;
    if (!log_wants(r, APIPIE_LOG_INFO))
        return;
    log_begin(&l, r);
    if (pie_request_draws(r)) {
        log_say(&l, "submitted: image, ");
        log_tell_route(&l, r, 0);
        if (r->routes->count > 1)
            log_say_int(&l, " and ", (int64_t)r->routes->count - 1, " more routes");
        log_say_int(&l, ", n ", (r->wish.has & PIE_WISH_HAS_N) ? r->wish.n : 1, "");
        if (r->wish.has & PIE_WISH_HAS_SIZE)
            log_say_int(&l, ", size ", r->wish.width, "");
        if (r->wish.has & PIE_WISH_HAS_SIZE)
            log_say_int(&l, "x", r->wish.height, "");
    } else {
        log_say(&l, "submitted: ");
        log_say(&l, log_kind(r->wish.kind));
    }
    log_call(&l, APIPIE_LOG_INFO);
    log_prompt(r, "prompt: ", r->wish.text[PIE_WISH_PROMPT]);
    log_prompt(r, "negative prompt: ", r->wish.text[PIE_WISH_NEGATIVE]);
}

void pie_log_state(const struct apipie_request *r, const char *name)
{
    struct log_line l;
    if (!log_wants(r, APIPIE_LOG_DEBUG))
        return;
    log_begin(&l, r);
    log_say(&l, name);
    log_call(&l, APIPIE_LOG_DEBUG);
}

void pie_log_exchange(const struct apipie_request *r)
{
    struct log_line l;
    const struct pie_attempt *a = &r->attempts[r->attempt_count - 1];
    if (!log_wants(r, APIPIE_LOG_INFO))
        return;
    log_begin(&l, r);
    log_say(&l, log_purpose(a->purpose));
    log_say(&l, " ");
    log_say(&l, r->run->leg->request.method);
    log_say(&l, " ");
    log_tell(&l, r->run->leg->request.url.p);
    log_say(&l, ": ");
    log_say_verdict(&l, a);
    if (a->time[APIPIE_TIME_TOTAL] >= 0)
        log_say_int(&l, ", ", a->time[APIPIE_TIME_TOTAL], " ms");
    log_say_int(&l, ", ", (int64_t)a->bytes, " bytes, ");
    log_say(&l, log_billed(a->billed));
    if (a->request_id[0] != '\0') {
        log_say(&l, ", id ");
        log_tell(&l, a->request_id);
    }
    log_call(&l, APIPIE_LOG_INFO);
}

void pie_log_failed(const struct apipie_request *r, int32_t next, int64_t number)
{
    struct log_line l;
    const struct pie_attempt *a = &r->attempts[r->attempt_count - 1];
    if (!log_wants(r, APIPIE_LOG_WARNING))
        return;
    log_begin(&l, r);
    log_say(&l, log_purpose(a->purpose));
    log_say(&l, " failed: ");
    log_say_verdict(&l, a);
    if (a->route >= 0) {
        log_say(&l, ", route ");
        log_tell_route(&l, r, (size_t)a->route);
    }
    log_say_next(&l, r, next, number);
    log_say(&l, ": ");
    log_tell(&l, a->message);
    log_call(&l, APIPIE_LOG_WARNING);
}

static void log_warnings(const struct apipie_request *r)
{
    struct log_line l;
    if (r->result == NULL || !log_wants(r, APIPIE_LOG_WARNING))
        return;
    for (size_t i = 0; i < r->result->warning_count; i++) {
        log_begin(&l, r);
        log_say(&l, "warning: ");
        log_tell(&l, r->result->warnings[i]);
        log_call(&l, APIPIE_LOG_WARNING);
    }
}

static void log_failure(const struct apipie_request *r)
{
    struct log_line l;
    const struct apipie_error *e = &r->error;
    if (!log_wants(r, APIPIE_LOG_ERROR))
        return;
    log_begin(&l, r);
    log_say(&l, "failed: ");
    log_say(&l, pie_error_name(e->code));
    log_say(&l, ", ");
    log_say(&l, log_billed(e->billed));
    log_say(&l, ": ");
    log_tell(&l, e->message);
    if (e->hint[0] != '\0') {
        log_say(&l, "; ");
        log_tell(&l, e->hint);
    }
    log_call(&l, APIPIE_LOG_ERROR);
}

static void log_success(const struct apipie_request *r)
{
    struct log_line l;
    char cost[PIE_NUMBER_MAX];
    if (!log_wants(r, APIPIE_LOG_INFO))
        return;
    log_begin(&l, r);
    log_say(&l, "ended: ok, ");
    if (pie_request_draws(r)) {
        log_say_int(&l, "", (int64_t)pie_result_whole(r->result), " of ");
        log_say_int(&l, "", (int64_t)r->result->count, " images");
    } else if (r->wish.kind == APIPIE_REQUEST_MODELS) {
        log_say_int(&l, "", (int64_t)pie_catalog_count(pie_models_list(r)), " models");
    } else if (r->wish.kind == APIPIE_REQUEST_HISTORY) {
        log_say_int(&l, "", (int64_t)pie_history_list(r)->n, " bills");
    } else if (r->wish.kind == APIPIE_REQUEST_UPLOAD) {
        log_say(&l, "uploaded");
    } else {
        log_say(&l, log_billed(r->result->billed));
    }
    if (r->result->cached)
        log_say(&l, " from the cache");
    if (r->result->usage.cost >= 0) {
        pie_number_money_text(r->result->usage.cost, cost);
        log_say(&l, ", cost ");
        log_say(&l, cost);
        log_say(&l, " USD");
    }
    log_say_int(&l, ", ", r->ended_ms - r->submitted_ms, " ms");
    log_call(&l, APIPIE_LOG_INFO);
}

void pie_log_ended(const struct apipie_request *r)
{
    if (r->whole != NULL) { /* the whole tells */
        pie_log_state(r, r->status == APIPIE_OK ? "ended" : "ended without a picture");
        return;
    }
    log_warnings(r);
    if (r->status == APIPIE_OK)
        log_success(r);
    else
        log_failure(r);
}
