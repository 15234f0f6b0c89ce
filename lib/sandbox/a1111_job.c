/* SPDX-License-Identifier: MIT */
/* Knows what Automatic1111 is drawing, how far it is and how that is stopped; must not know what a picture is of. */
#include "sandbox/wires_priv.h"

/* Of the drawing time of the first picture: as long as the model is got ready, and the number of pictures is unknown. */
#define JOB_BEGINS  200 /* thousandths */
#define JOB_PREVIEW 64

apipie_status pie_a1111_begin(struct apipie_sandbox *box, const struct pie_a1111 *job)
{
    struct pie_a1111 *a = &box->a1111;
    apipie_status status = APIPIE_OK;
    int32_t model;

    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_WAITING]++;
    while (a->busy && !box->stopping)
        pie_lock_wait(box->lock, -1);
    box->numbers[APIPIE_SANDBOX_WAITING]--;
    if (box->stopping) {
        status = APIPIE_E_CANCELLED;
    } else {
        model = a->model;
        *a = *job;
        a->model = model;
        a->busy = 1;
        a->draw_ms = job->draw_ms != 0 ? job->draw_ms : box->draw_ms;
        a->job_count = -1;
        a->began_ms = a->picture_ms = pie_clock_ms();
        box->numbers[APIPIE_SANDBOX_RUNNING]++;
    }
    pie_lock_drop(box->lock);
    return status;
}

void pie_a1111_end(struct apipie_sandbox *box)
{
    pie_lock_take(box->lock);
    box->a1111.busy = 0;
    box->a1111.job_count = 0;
    box->a1111.progress[0] = '\0';
    box->numbers[APIPIE_SANDBOX_RUNNING]--;
    pie_lock_wake(box->lock);
    pie_lock_drop(box->lock);
}

/* In thousandths how far the picture is. */
static int64_t job_share(const struct pie_a1111 *a, int64_t now)
{
    int64_t passed = now - a->picture_ms;

    return passed >= a->draw_ms ? 1000 : passed * 1000 / a->draw_ms;
}

int32_t pie_a1111_pass(struct apipie_sandbox *box, int32_t no, int32_t count)
{
    struct pie_a1111 *a = &box->a1111;
    int64_t share = 0;

    pie_lock_take(box->lock);
    a->job_no = no;
    a->job_count = no == 0 && a->draw_ms > 0 ? -1 : count;
    a->picture_ms = pie_clock_ms();
    while (share < 1000 && !box->stopping && !a->interrupted && !a->skipped) {
        share = job_share(a, pie_clock_ms());
        if (share >= JOB_BEGINS)
            a->job_count = count;
        if (share < 1000)
            pie_lock_wait(box->lock, a->draw_ms / 50 + 1);
    }
    a->skipped = 0;
    pie_lock_drop(box->lock);
    return (int32_t)share;
}

int32_t pie_a1111_is_interrupted(struct apipie_sandbox *box)
{
    int32_t interrupted;

    pie_lock_take(box->lock);
    interrupted = box->a1111.interrupted || box->stopping;
    pie_lock_drop(box->lock);
    return interrupted;
}

void pie_a1111_interrupt(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer)
{
    (void)call;
    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_INTERRUPTS]++;
    box->a1111.interrupted = 1;
    pie_lock_wake(box->lock);
    pie_lock_drop(box->lock);
    pie_buf_add_text(&answer->body, "{}");
}

void pie_a1111_skip(struct apipie_sandbox *box, const struct pie_call *call,
                    struct pie_answer *answer)
{
    (void)call;
    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_SKIPS]++;
    box->a1111.skipped = box->a1111.busy;
    pie_lock_wake(box->lock);
    pie_lock_drop(box->lock);
    pie_buf_add_text(&answer->body, "null");
}

/* ---- progress */

static void job_number(struct pie_buf *out, const char *key, double value)
{
    char text[PIE_NUMBER_MAX];

    pie_number_double(value, text);
    pie_buf_add_text(out, key);
    pie_buf_add_text(out, text);
}

static void job_int(struct pie_buf *out, const char *key, int64_t value)
{
    pie_buf_add_text(out, key);
    pie_buf_add_int(out, value);
}

static int32_t job_step(const struct pie_a1111 *a, int64_t now)
{
    return (int32_t)(job_share(a, now) * a->steps / 1000);
}

/* The sum of the real one: with job_count -1 it goes below 0; at most 1, and nothing holds it above 0. */
static double job_progress(const struct pie_a1111 *a, int32_t step)
{
    double progress = 0.01, count = a->job_count;

    if (a->job_count > 0)
        progress += a->job_no / count;
    if (a->steps > 0)
        progress += step / (count * a->steps);
    return progress < 1 ? progress : 1;
}

static void job_state(const struct pie_a1111 *a, int32_t step, struct pie_buf *out)
{
    pie_buf_add_text(out, ",\"state\":{\"skipped\":");
    pie_buf_add_text(out, a->busy && a->skipped ? "true" : "false");
    pie_buf_add_text(out, ",\"interrupted\":");
    pie_buf_add_text(out, a->busy && a->interrupted ? "true" : "false");
    pie_buf_add_text(out, ",\"stopping_generation\":false,\"job\":");
    pie_json_string(out, pie_slice_text(a->busy ? a->job : ""));
    job_int(out, ",\"job_count\":", a->busy ? a->job_count : 0);
    pie_buf_add_text(out, ",\"job_timestamp\":\"20261101120000\"");
    job_int(out, ",\"job_no\":", a->busy ? a->job_no : 0);
    job_int(out, ",\"sampling_step\":", a->busy ? step : 0);
    job_int(out, ",\"sampling_steps\":", a->steps);
    pie_buf_add_char(out, '}');
}

/* A small one, in blocks, of what it will be. */
static void job_preview(const struct pie_a1111 *a, struct pie_buf *out)
{
    struct pie_drawing d = {pie_slice_text(a->prompt), a->seed, JOB_PREVIEW, JOB_PREVIEW, 8};
    struct pie_buf png;

    pie_buf_init(&png, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    pie_buf_add_text(out, ",\"current_image\":");
    if (pie_draw(&d, &png) == APIPIE_OK) {
        pie_buf_add_char(out, '"');
        pie_draw_base64(out, pie_buf_slice(&png));
        pie_buf_add_char(out, '"');
    } else
        pie_buf_add_text(out, "null");
    pie_buf_free(&png);
}

/* The time left if it went on as it went; a number that was asked for stands for both. */
static void job_write(const struct pie_a1111 *a, const char *fixed, int32_t step, int64_t now,
                      struct pie_buf *out)
{
    double passed = (double)(now - a->began_ms) / 1000, progress = 0;

    if (fixed[0] != '\0') {
        pie_buf_add_text(out, "{\"progress\":");
        pie_buf_add_text(out, fixed);
        pie_buf_add_text(out, ",\"eta_relative\":");
        pie_buf_add_text(out, fixed);
        return;
    }
    if (a->busy)
        progress = job_progress(a, step);
    job_number(out, "{\"progress\":", progress);
    job_number(out,
               ",\"eta_relative\":", a->busy && progress != 0 ? passed / progress - passed : 0);
}

void pie_a1111_progress(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;
    struct pie_fault own;
    struct pie_a1111 a;
    int64_t now = pie_clock_ms();
    int32_t step;

    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_PROGRESS]++;
    a = box->a1111;
    pie_lock_drop(box->lock);
    step = job_step(&a, now);
    if (pie_fault_parse(call->fault, &own) != APIPIE_OK)
        own.progress[0] = '\0';
    job_write(&a,
              own.progress[0] != '\0' ? own.progress
              : a.busy                ? a.progress
                                      : "",
              step, now, out);
    job_state(&a, step, out);
    if (a.busy && step > 0 &&
        !pie_slice_equal_nocase(pie_call_query(call, "skip_current_image"), "true"))
        job_preview(&a, out);
    else
        pie_buf_add_text(out, ",\"current_image\":null");
    pie_buf_add_text(out, ",\"textinfo\":null,\"current_task\":null}");
}
