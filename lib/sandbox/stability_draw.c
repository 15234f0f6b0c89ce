/* SPDX-License-Identifier: MIT */
/* Knows how the platform answers: with bytes between headers, with JSON, with a job that is asked for them later; must not know what a
 * route takes. */
#include "sandbox/wires_priv.h"

#define STABDRAW_JOBS    64
#define STABDRAW_KEPT_MS (24 * 3600 * 1000)
#define STABDRAW_BLUR    32 /* the side of the blocks */

struct pie_stability_job {
    struct pie_stability_job *next; /* the older one */
    char id[2 * PIE_ANSWER_ID - 1];
    uint32_t owner; /* hash of the key */
    int64_t ready_ms;
    uint64_t seed;
    struct pie_fault fault;
    struct pie_buf png;
};

static int32_t stabdraw_blurs(const struct pie_fault *f)
{
    return (f->set & PIE_FAULT_BLURRED) != 0;
}

static const char *stabdraw_reason(const struct pie_fault *f)
{
    return stabdraw_blurs(f) ? "CONTENT_FILTERED" : "SUCCESS";
}

/* Of several pictures each has the next seed. */
static uint64_t stabdraw_seed(const struct pie_stability_order *o, int32_t index)
{
    return (o->seed + (uint64_t)index) & UINT32_MAX;
}

static apipie_status stabdraw_picture(const struct pie_stability_order *o,
                                      const struct pie_fault *f, int32_t index,
                                      struct pie_picture **ret)
{
    struct pie_drawing d = {o->prompt, pie_draw_hash_uint(o->look, stabdraw_seed(o, index)),
                            o->width, o->height, stabdraw_blurs(f) ? STABDRAW_BLUR : 1};

    return pie_draw_picture(&d, ret);
}

/* ---- replies */

static void stabdraw_json(struct apipie_sandbox *box, const char *name, const struct pie_fault *f,
                          struct pie_picture *picture, uint64_t seed, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    pie_buf_add_text(out, "{");
    if (picture != NULL) {
        pie_buf_add_char(out, '"');
        pie_buf_add_text(out, name);
        pie_buf_add_text(out, "\":");
        pie_draw_value(box, f, 1, picture, out);
        pie_buf_add_char(out, ',');
    }
    pie_buf_add_text(out, "\"finish_reason\":\"");
    pie_buf_add_text(out, stabdraw_reason(f));
    pie_buf_add_text(out, "\",\"seed\":");
    pie_buf_add_uint(out, seed);
    pie_buf_add_char(out, '}');
    answer->mime = "application/json; type=image/png";
}

static void stabdraw_raw(const struct pie_fault *f, struct pie_slice png, uint64_t seed,
                         struct pie_answer *answer)
{
    char text[PIE_NUMBER_MAX];

    pie_number_uint_text(seed, text);
    pie_buf_add_slice(&answer->body, png);
    answer->mime = "image/png";
    pie_answer_header(answer, "finish-reason", stabdraw_reason(f));
    pie_answer_header(answer, "seed", text);
}

/* picture NULL: none, which only JSON can say. */
static void stabdraw_one(struct apipie_sandbox *box, const struct pie_stability_order *o,
                         const struct pie_fault *f, struct pie_picture *picture,
                         struct pie_answer *answer)
{
    if (o->way == PIE_STABILITY_RAW && picture != NULL)
        stabdraw_raw(f, pie_buf_slice(&picture->png), stabdraw_seed(o, 0), answer);
    else
        stabdraw_json(box, "image", f, picture, stabdraw_seed(o, 0), answer);
}

static void stabdraw_artifact(struct apipie_sandbox *box, const struct pie_stability_order *o,
                              const struct pie_fault *f, int32_t index, struct pie_picture *picture,
                              struct pie_buf *out)
{
    pie_buf_add_text(out, index != 0 ? ",{\"base64\":" : "{\"base64\":");
    pie_draw_value(box, f, 1, picture, out);
    pie_buf_add_text(out, ",\"seed\":");
    pie_buf_add_uint(out, stabdraw_seed(o, index));
    pie_buf_add_text(out, ",\"finishReason\":\"");
    pie_buf_add_text(out, stabdraw_reason(f));
    pie_buf_add_text(out, "\"}");
}

/* All pictures, or none that is shown. */
static apipie_status stabdraw_reply(struct apipie_sandbox *box, const struct pie_stability_order *o,
                                    const struct pie_fault *f, int32_t drawn,
                                    struct pie_answer *answer)
{
    int32_t lists = o->engine && o->way == PIE_STABILITY_JSON;
    int32_t shown = f->set & PIE_FAULT_NOIMAGE ? 0 : drawn;
    apipie_status status = APIPIE_OK;

    if (lists)
        pie_buf_add_text(&answer->body, "{\"artifacts\":[");
    else if (shown == 0)
        stabdraw_one(box, o, f, NULL, answer);
    for (int32_t i = 0; i < shown && status == APIPIE_OK; i++) {
        struct pie_picture *picture = NULL;

        status = stabdraw_picture(o, f, i, &picture);
        if (status == APIPIE_OK && lists)
            stabdraw_artifact(box, o, f, i, picture, &answer->body);
        else if (status == APIPIE_OK)
            stabdraw_one(box, o, f, picture, answer);
        pie_picture_unref(picture);
    }
    if (lists)
        pie_buf_add_text(&answer->body, "]}");
    return status == APIPIE_OK ? answer->body.failed : status;
}

/* ---- jobs */

static struct pie_stability_job *stabdraw_job_free(struct pie_stability_job *job)
{
    pie_buf_free(&job->png);
    return pie_mem_free(&pie_mem_libc, job);
}

static uint32_t stabdraw_owner(const struct pie_call *call)
{
    return pie_draw_hash(PIE_DRAW_HASH, pie_call_bearer(call));
}

/* The oldest goes where there are too many. The lock is held. */
static void stabdraw_keep(struct apipie_sandbox *box, struct pie_stability_job *job)
{
    struct pie_stability_job **at = &box->stability;

    for (size_t i = 0; *at != NULL && i + 1 < STABDRAW_JOBS; i++)
        at = &(*at)->next;
    while (*at != NULL) {
        struct pie_stability_job *gone = *at;

        *at = gone->next;
        stabdraw_job_free(gone);
    }
    job->next = box->stability;
    box->stability = job;
}

/* Drawn at once, and shown when it is time. */
static apipie_status stabdraw_job(struct apipie_sandbox *box, const struct pie_call *call,
                                  const struct pie_stability_order *o, const struct pie_fault *f,
                                  struct pie_answer *answer)
{
    struct pie_stability_job *job = pie_mem_new(&pie_mem_libc, 1, sizeof(*job));
    struct pie_picture *picture = NULL;
    apipie_status status = APIPIE_E_MEMORY;

    if (job == NULL)
        return status;
    pie_buf_init(&job->png, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    status = stabdraw_picture(o, f, 0, &picture);
    if (status == APIPIE_OK)
        pie_buf_add_slice(&job->png, pie_buf_slice(&picture->png));
    pie_picture_unref(picture);
    if (status != APIPIE_OK || job->png.failed != APIPIE_OK) {
        stabdraw_job_free(job);
        return APIPIE_E_MEMORY;
    }
    pie_answer_id(job->id);
    pie_answer_id(job->id + strlen(job->id));
    job->owner = stabdraw_owner(call);
    job->seed = stabdraw_seed(o, 0);
    job->fault = *f;
    pie_buf_add_text(&answer->body, "{\"id\":\"");
    pie_buf_add_text(&answer->body, job->id);
    pie_buf_add_text(&answer->body, "\"}");
    pie_lock_take(box->lock);
    job->ready_ms = pie_clock_ms() + box->draw_ms;
    stabdraw_keep(box, job);
    pie_lock_drop(box->lock);
    return APIPIE_OK;
}

static void stabdraw_show(struct apipie_sandbox *box, const struct pie_stability_job *job,
                          int32_t way, struct pie_answer *answer)
{
    struct pie_picture *picture = pie_picture_new(".png");
    const struct pie_fault *f = &job->fault;

    if (picture != NULL)
        pie_buf_add_slice(&picture->png, pie_buf_slice(&job->png));
    if (picture == NULL || picture->png.failed != APIPIE_OK)
        pie_stability_error(answer, 500, NULL, "", NULL);
    else if (f->set & PIE_FAULT_NOIMAGE)
        stabdraw_json(box, "result", f, NULL, job->seed, answer);
    else if (way == PIE_STABILITY_RAW)
        stabdraw_raw(f, pie_buf_slice(&picture->png), job->seed, answer);
    else
        stabdraw_json(box, "result", f, picture, job->seed, answer);
    pie_picture_unref(picture);
}

/* Where it is. A copy: the list may change while it is shown. */
static int32_t stabdraw_find(struct apipie_sandbox *box, struct pie_slice id, uint32_t owner,
                             struct pie_stability_job *ret)
{
    const struct pie_stability_job *job;

    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_POLLS]++;
    job = box->stability;
    while (job != NULL && !(pie_slice_equal(id, job->id) && job->owner == owner))
        job = job->next;
    if (job != NULL) {
        *ret = *job;
        pie_buf_init(&ret->png, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
        pie_buf_add_slice(&ret->png, pie_buf_slice(&job->png));
    }
    pie_lock_drop(box->lock);
    return job != NULL;
}

static void stabdraw_look(struct apipie_sandbox *box, const struct pie_stability_job *job,
                          int32_t way, struct pie_answer *answer)
{
    const struct pie_fault *f = &job->fault;
    int64_t now_ms = pie_clock_ms();

    if (now_ms < job->ready_ms) {
        answer->status = 202;
        pie_buf_add_text(&answer->body, "{\"id\":\"");
        pie_buf_add_text(&answer->body, job->id);
        pie_buf_add_text(&answer->body, "\",\"status\":\"in-progress\"}");
    } else if (f->set & PIE_FAULT_EXPIRED || now_ms - job->ready_ms >= STABDRAW_KEPT_MS) {
        pie_stability_error(answer, 404, NULL, "id: not found", NULL);
    } else if (f->set & PIE_FAULT_JOBFAIL) {
        pie_stability_error(answer, 500, NULL, "", NULL);
    } else {
        stabdraw_show(box, job, way, answer);
    }
    if (f->set & PIE_FAULT_RETRY_AFTER)
        memcpy(answer->retry_after, f->retry_after, sizeof(answer->retry_after));
}

void pie_stability_result(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer)
{
    struct pie_stability_job job;
    int32_t way;

    if (pie_stability_way(call, PIE_STABILITY_RAW, answer, pie_stability_error, &way) != APIPIE_OK)
        return;
    if (!stabdraw_find(box, pie_call_wild(call, "/v2beta/results/*"), stabdraw_owner(call), &job)) {
        pie_stability_error(answer, 404, NULL, "id: not found", NULL);
        return;
    }
    stabdraw_look(box, &job, way, answer);
    pie_buf_free(&job.png);
}

void pie_stability_close(struct apipie_sandbox *box)
{
    while (box->stability != NULL) {
        struct pie_stability_job *next = box->stability->next;

        stabdraw_job_free(box->stability);
        box->stability = next;
    }
}

/* ---- a good order */

static void stabdraw_serve(struct apipie_sandbox *box, const struct pie_call *call,
                           const struct pie_stability_order *o, const struct pie_fault *f,
                           struct pie_answer *answer)
{
    int32_t drawn = o->n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    apipie_status status =
        o->later ? stabdraw_job(box, call, o, f, answer) : stabdraw_reply(box, o, f, drawn, answer);

    if (status != APIPIE_OK)
        pie_stability_error(answer, 500, NULL, "", NULL);
    else if (drawn > 0)
        pie_bill(box, o->model, o->prompt, drawn * o->cost, 3000, f);
}

void pie_stability_draw(struct apipie_sandbox *box, const struct pie_call *call,
                        const struct pie_stability_order *o, struct pie_answer *answer)
{
    pie_error_fn error = o->engine ? pie_stability_engine_error : pie_stability_error;
    struct pie_fault fault;

    if (pie_spoil_choose(box, o->model, call->fault, answer, &fault) != APIPIE_OK)
        return;
    pie_box_note(box, &o->inputs, &o->seed, o->steps);
    if (fault.set & PIE_FAULT_ONLYONE && o->n > 1)
        error(answer, 400, "invalid_samples", "samples: must be 1 for this engine", NULL);
    else if (fault.set & PIE_FAULT_QUEUEFULL)
        error(answer, 429, NULL, "", NULL);
    else if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, error);
    else
        stabdraw_serve(box, call, o, &fault, answer);
    pie_spoil_answer(box, &fault, answer);
}
