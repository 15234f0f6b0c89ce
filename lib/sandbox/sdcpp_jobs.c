/* SPDX-License-Identifier: MIT */
/* Knows stable-diffusion.cpp's jobs: their queue, their one worker, their end. Must not know the other families. */
#include "sandbox/wires_priv.h"

#define JOBS_KEPT_MS 600000

enum { JOBS_QUEUED, JOBS_GENERATING, JOBS_COMPLETED, JOBS_FAILED, JOBS_CANCELLED };

struct pie_sdcpp_job {
    struct pie_sdcpp_job *next; /* the younger one */
    char id[40];
    int32_t status, count;
    int64_t created, started, completed; /* seconds since 1970; 0: not yet */
    int64_t ended_ms;                    /* of the steady clock */
    struct pie_fault fault;
    struct pie_sdcpp_order order;
    struct pie_buf images[PIE_SDCPP_N];
};

static struct pie_sdcpp_job *jobs_free(struct pie_sdcpp_job *job)
{
    for (int32_t i = 0; i < PIE_SDCPP_N; i++)
        pie_buf_free(&job->images[i]);
    pie_sdcpp_order_free(&job->order);
    return pie_mem_free(&pie_mem_libc, job);
}

static int32_t jobs_is_over(const struct pie_sdcpp_job *job)
{
    return job->status != JOBS_QUEUED && job->status != JOBS_GENERATING;
}

/* ---- the worker */

static struct pie_sdcpp_job *jobs_next(const struct apipie_sandbox *box)
{
    struct pie_sdcpp_job *job = box->sdcpp.jobs;

    while (job != NULL && job->status != JOBS_QUEUED)
        job = job->next;
    return job;
}

/* NULL: the sandbox stops. The job stays where it is while it is generated: only what is over is dropped. */
static struct pie_sdcpp_job *jobs_wait(struct apipie_sandbox *box)
{
    struct pie_sdcpp_job *job = NULL;

    pie_lock_take(box->lock);
    while (!box->stopping && (job = jobs_next(box)) == NULL)
        pie_lock_wait(box->lock, -1);
    if (box->stopping)
        job = NULL;
    if (job != NULL) {
        job->status = JOBS_GENERATING;
        job->started = pie_clock_wall_ms() / 1000;
    }
    pie_lock_drop(box->lock);
    return job;
}

static apipie_status jobs_draw(struct apipie_sandbox *box, struct pie_sdcpp_job *job)
{
    const struct pie_fault *f = &job->fault;
    int32_t n = job->order.n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    apipie_status status = pie_sdcpp_turn(box);

    if (status != APIPIE_OK)
        return status;
    pie_box_note(box, &job->order.inputs, &job->order.seed, job->order.steps);
    for (int32_t i = 0; i < n && status == APIPIE_OK; i++) {
        status = pie_sdcpp_draw(box, &job->order, i, &job->images[i]);
        job->count = i + 1;
    }
    pie_sdcpp_turn_end(box);
    if (status == APIPIE_OK && (n == 0 || f->set & (PIE_FAULT_JOBFAIL | PIE_FAULT_NOIMAGE)))
        status = APIPIE_E_STATE;
    return status;
}

static void jobs_work(void *user)
{
    struct apipie_sandbox *box = user;
    struct pie_sdcpp_job *job;

    while ((job = jobs_wait(box)) != NULL) {
        apipie_status status = jobs_draw(box, job);

        pie_lock_take(box->lock);
        job->status = status == APIPIE_OK ? JOBS_COMPLETED : JOBS_FAILED;
        job->completed = pie_clock_wall_ms() / 1000;
        job->ended_ms = pie_clock_ms();
        pie_lock_drop(box->lock);
    }
}

void pie_sdcpp_close(struct apipie_sandbox *box)
{
    pie_thread_end(&pie_mem_libc, box->sdcpp.worker);
    box->sdcpp.worker = NULL;
    while (box->sdcpp.jobs != NULL) {
        struct pie_sdcpp_job *next = box->sdcpp.jobs->next;

        jobs_free(box->sdcpp.jobs);
        box->sdcpp.jobs = next;
    }
}

/* ---- submit */

static void jobs_hex(uint64_t v, int32_t least, char *out)
{
    static const char digits[] = "0123456789abcdef";
    char turned[17];
    int32_t n = 0;

    for (; v != 0 || n < least; v >>= 4)
        turned[n++] = digits[v & 15];
    for (int32_t i = 0; i < n; i++)
        out[i] = turned[n - 1 - i];
    out[n] = '\0';
}

/* "job_<seconds>_<number>" */
static void jobs_name(struct pie_sdcpp_job *job, uint64_t number)
{
    size_t n;

    memcpy(job->id, "job_", 5);
    jobs_hex((uint64_t)job->created, 1, job->id + 4);
    n = strlen(job->id);
    job->id[n] = '_';
    jobs_hex(number & UINT32_MAX, 8, job->id + n + 1);
}

static size_t jobs_pending(const struct apipie_sandbox *box)
{
    size_t n = 0;

    for (const struct pie_sdcpp_job *job = box->sdcpp.jobs; job != NULL; job = job->next)
        n += jobs_is_over(job) ? 0 : 1;
    return n;
}

static void jobs_drop_oldest(struct apipie_sandbox *box)
{
    struct pie_sdcpp_job **at = &box->sdcpp.jobs, *gone;

    while (*at != NULL && !jobs_is_over(*at))
        at = &(*at)->next;
    gone = *at;
    if (gone == NULL)
        return;
    *at = gone->next;
    box->sdcpp.count--;
    jobs_free(gone);
}

/* Takes the job over, also when there is no room for it. The lock is held. */
static apipie_status jobs_add(struct apipie_sandbox *box, struct pie_sdcpp_job *job)
{
    struct pie_sdcpp_job **at = &box->sdcpp.jobs;

    if (box->sdcpp.worker == NULL)
        box->sdcpp.worker = pie_thread_start(&pie_mem_libc, jobs_work, box);
    if (box->sdcpp.worker == NULL || jobs_pending(box) >= PIE_SDCPP_QUEUE ||
        job->fault.set & PIE_FAULT_QUEUEFULL) {
        jobs_free(job);
        return APIPIE_E_LIMIT;
    }
    if (box->sdcpp.count == PIE_SDCPP_JOBS)
        jobs_drop_oldest(box);
    while (*at != NULL)
        at = &(*at)->next;
    *at = job;
    box->sdcpp.count++;
    job->created = pie_clock_wall_ms() / 1000;
    jobs_name(job, box->sdcpp.next_id++);
    pie_lock_wake(box->lock);
    return APIPIE_OK;
}

static void jobs_accept(struct apipie_sandbox *box, struct pie_sdcpp_job *job,
                        struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    pie_lock_take(box->lock);
    if (jobs_add(box, job) != APIPIE_OK) {
        pie_sdcpp_error(answer, 429, NULL, "job queue is full", NULL);
    } else {
        answer->status = 202;
        pie_buf_add_text(out, "{\"id\":\"");
        pie_buf_add_text(out, job->id);
        pie_buf_add_text(out, "\",\"kind\":\"img_gen\",\"status\":\"queued\",\"created\":");
        pie_buf_add_int(out, job->created);
        pie_buf_add_text(out, ",\"poll_url\":\"/sdcpp/v1/jobs/");
        pie_buf_add_text(out, job->id);
        pie_buf_add_text(out, "\"}");
    }
    pie_lock_drop(box->lock);
}

static apipie_status jobs_read(const struct pie_node *root, struct pie_sdcpp_job *job,
                               struct pie_answer *answer)
{
    struct pie_sdcpp_order *o = &job->order;
    const struct pie_node *format = pie_call_get(root, "output_format");
    const char *reason = NULL;

    o->seed = pie_random_below(INT32_MAX);
    if (pie_sdcpp_native(root, o) != APIPIE_OK)
        reason = "invalid generation parameters";
    else if (format != NULL && !pie_slice_equal(pie_node_text(format), "png") &&
             !pie_slice_equal(pie_node_text(format), "jpeg") &&
             !pie_slice_equal(pie_node_text(format), "webp"))
        reason = "invalid output_format, must be one of [png, jpeg, webp]";
    else if (format != NULL && !pie_slice_equal(pie_node_text(format), "png"))
        reason = "this output_format is not in the sandbox, which draws png";
    else if (pie_sdcpp_native_inputs(root, o) != APIPIE_OK)
        reason = "invalid image";
    else if (pie_sdcpp_check(o) != APIPIE_OK)
        reason = "invalid params";
    if (reason != NULL)
        pie_sdcpp_error(answer, 400, NULL, reason, NULL);
    return reason == NULL ? APIPIE_OK : APIPIE_E_ARGUMENT;
}

static struct pie_sdcpp_job *jobs_new(void)
{
    struct pie_sdcpp_job *job = pie_mem_new(&pie_mem_libc, 1, sizeof(*job));

    if (job == NULL)
        return NULL;
    pie_sdcpp_order_init(&job->order);
    for (int32_t i = 0; i < PIE_SDCPP_N; i++)
        pie_buf_init(&job->images[i], &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    return job;
}

static void jobs_order(struct apipie_sandbox *box, const struct pie_call *call,
                       const struct pie_node *root, struct pie_answer *answer)
{
    struct pie_sdcpp_job *job = jobs_new();
    struct pie_fault fault;

    if (job == NULL) {
        pie_sdcpp_error2(answer, 500, "server_error", "std::bad_alloc");
        return;
    }
    if (jobs_read(root, job, answer) != APIPIE_OK ||
        pie_spoil_choose(box, &pie_sandbox_local[1], call->fault, answer, &fault) != APIPIE_OK) {
        jobs_free(job);
        return;
    }
    job->fault = fault;
    if (fault.set & PIE_FAULT_REFUSED) {
        jobs_free(job);
        pie_spoil_refuse(&fault, answer, pie_sdcpp_error);
    } else {
        jobs_accept(box, job, answer);
    }
    pie_spoil_answer(box, &fault, answer);
}

void pie_sdcpp_submit(struct apipie_sandbox *box, const struct pie_call *call,
                      struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;

    if (call->in->total == 0)
        pie_sdcpp_error(answer, 400, NULL, "empty body", NULL);
    else if (pie_call_json(call, &doc) != APIPIE_OK)
        pie_sdcpp_error2(answer, 400, "invalid json",
                         "[json.exception.parse_error.101] parse error at line 1, column 1");
    else
        jobs_order(box, call, pie_doc_root(doc), answer);
    pie_doc_free(doc);
}

/* ---- look and cancel */

static void jobs_time(struct pie_buf *out, const char *key, int64_t seconds)
{
    pie_buf_add_text(out, key);
    if (seconds != 0)
        pie_buf_add_int(out, seconds);
    else
        pie_buf_add_text(out, "null");
}

/* 1 is the next; 0 once it is out of the queue. */
static int64_t jobs_position(const struct apipie_sandbox *box, const struct pie_sdcpp_job *job)
{
    int64_t position = 1;

    if (job->status != JOBS_QUEUED)
        return 0;
    for (const struct pie_sdcpp_job *j = box->sdcpp.jobs; j != job; j = j->next)
        position += j->status == JOBS_QUEUED ? 1 : 0;
    return position;
}

static void jobs_result(const struct pie_sdcpp_job *job, struct pie_buf *out)
{
    if (job->status == JOBS_COMPLETED) {
        pie_buf_add_text(out, ",\"result\":{\"output_format\":\"png\",\"images\":[");
        for (int32_t i = 0; i < job->count; i++) {
            pie_buf_add_text(out, i != 0 ? ",{\"index\":" : "{\"index\":");
            pie_buf_add_int(out, i);
            pie_buf_add_text(out, ",\"b64_json\":\"");
            pie_draw_base64(out, pie_buf_slice(&job->images[i]));
            pie_buf_add_text(out, "\"}");
        }
        pie_buf_add_text(out, "]},\"error\":null}");
    } else if (job->status == JOBS_FAILED)
        pie_buf_add_text(out, ",\"result\":null,\"error\":{\"code\":\"generation_failed\","
                              "\"message\":\"generate_image returned no results\"}}");
    else if (job->status == JOBS_CANCELLED)
        pie_buf_add_text(out, ",\"result\":null,\"error\":{\"code\":\"cancelled\","
                              "\"message\":\"job cancelled by client\"}}");
    else
        pie_buf_add_text(out, ",\"result\":null,\"error\":null}");
}

static void jobs_write(const struct apipie_sandbox *box, const struct pie_sdcpp_job *job,
                       struct pie_buf *out)
{
    static const char *const names[] = {"queued", "generating", "completed", "failed", "cancelled"};

    pie_buf_add_text(out, "{\"id\":\"");
    pie_buf_add_text(out, job->id);
    pie_buf_add_text(out, "\",\"kind\":\"img_gen\",\"status\":\"");
    pie_buf_add_text(out, names[job->status]);
    pie_buf_add_text(out, "\",\"created\":");
    pie_buf_add_int(out, job->created);
    jobs_time(out, ",\"started\":", job->started);
    jobs_time(out, ",\"completed\":", job->completed);
    pie_buf_add_text(out, ",\"queue_position\":");
    pie_buf_add_int(out, jobs_position(box, job));
    jobs_result(job, out);
}

static int32_t jobs_is_expired(const struct pie_sdcpp_job *job)
{
    return jobs_is_over(job) &&
           (pie_clock_ms() - job->ended_ms >= JOBS_KEPT_MS || job->fault.set & PIE_FAULT_EXPIRED);
}

static void jobs_cancel(struct apipie_sandbox *box, struct pie_sdcpp_job *job,
                        struct pie_answer *answer)
{
    if (job->status == JOBS_GENERATING) {
        pie_sdcpp_error(answer, 409, NULL,
                        "job is currently generating and cannot be interrupted yet", NULL);
        return;
    }
    if (job->status == JOBS_QUEUED) {
        job->status = JOBS_CANCELLED;
        job->completed = pie_clock_wall_ms() / 1000;
        job->ended_ms = pie_clock_ms();
        box->numbers[APIPIE_SANDBOX_CANCELS]++;
    }
    jobs_write(box, job, &answer->body);
}

/* The lock is held. */
static void jobs_show(struct apipie_sandbox *box, struct pie_slice id, int32_t cancel,
                      struct pie_answer *answer)
{
    struct pie_sdcpp_job *job = box->sdcpp.jobs;

    while (job != NULL && !pie_slice_equal(id, job->id))
        job = job->next;
    if (job == NULL)
        pie_sdcpp_error(answer, 404, NULL, "job not found", NULL);
    else if (jobs_is_expired(job))
        pie_sdcpp_error(answer, 410, NULL, "job expired", NULL);
    else if (cancel)
        jobs_cancel(box, job, answer);
    else
        jobs_write(box, job, &answer->body);
}

void pie_sdcpp_job(struct apipie_sandbox *box, const struct pie_call *call, const char *path,
                   struct pie_answer *answer)
{
    int32_t cancel = strcmp(call->method, "POST") == 0;

    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_POLLS] += cancel ? 0 : 1;
    jobs_show(box, pie_slice(path, strcspn(path, "/")), cancel, answer);
    pie_lock_drop(box->lock);
}
