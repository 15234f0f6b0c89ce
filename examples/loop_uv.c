/* SPDX-License-Identifier: MIT */
/* In a loop of libuv, with done callbacks: a uv_poll_t for the client's descriptor, a uv_timer_t for its time limits. */
#include <apipie/apipie.h>

#include <stdio.h>
#include <uv.h>

/* A client in a loop: to be copied as it is. */
struct drive {
    apipie_client *client;
    uv_poll_t ready;
    uv_timer_t timer;
};

static void drive_step(struct drive *d);

static void drive_on_timer(uv_timer_t *timer)
{
    drive_step(timer->data);
}

static void drive_on_ready(uv_poll_t *ready, int status, int events)
{
    (void)status;
    (void)events;
    drive_step(ready->data);
}

static void drive_set_timer(struct drive *d)
{
    int64_t ms = apipie_client_next_timeout(d->client);
    uv_update_time(d->timer.loop); /* timers count from the time that the loop remembers */
    if (ms >= 0)
        uv_timer_start(&d->timer, drive_on_timer, (uint64_t)ms, 0);
    else
        uv_timer_stop(&d->timer);
}

static void drive_step(struct drive *d)
{
    if (apipie_client_poll(d->client, 0) != APIPIE_PENDING) /* done callbacks are called in here */
        uv_poll_stop(&d->ready); /* nothing is under way: it keeps the loop no longer */
    drive_set_timer(d);
}

static apipie_status drive_submit(struct drive *d, apipie_request *req)
{
    apipie_status status = apipie_request_submit(req);
    uv_poll_start(&d->ready, UV_READABLE, drive_on_ready);
    drive_set_timer(d);
    return status;
}

/* ---- the program */

static void on_done(void *user, apipie_request *req)
{
    const apipie_result *result = apipie_request_result(req);
    int *good = user;
    if (apipie_request_status(req) != APIPIE_OK) {
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(req)));
        return;
    }
    printf("%s: %d x %d\n", apipie_request_prompt(req, NULL),
           (int)apipie_result_image_width(result, 0), (int)apipie_result_image_height(result, 0));
    (*good)++;
}

static void ask(struct drive *d, const char *prompt, int *good)
{
    apipie_request *req = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, prompt, APIPIE_NTS);
    apipie_request_set_size(req, 512, 512);
    apipie_request_set_done(req, on_done, good, NULL); /* before submit */
    if (drive_submit(d, req) != APIPIE_OK)
        on_done(good, req); /* refused at once: nobody else calls it */
    apipie_request_unref(req);
}

int main(void)
{
    struct drive d = {.client = apipie_client_new(NULL)};
    uv_loop_t *loop = uv_default_loop();
    int good = 0;

    d.ready.data = d.timer.data = &d;
    uv_timer_init(loop, &d.timer);
    if (uv_poll_init(loop, &d.ready, (int)apipie_client_loop_fd(d.client)) != 0)
        return 1;
    ask(&d, "A harbour at dawn", &good);
    ask(&d, "A harbour at dusk", &good);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&d.ready, NULL); /* the handles first: the descriptor is the client's */
    uv_close((uv_handle_t *)&d.timer, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    apipie_client_unref(d.client);
    return good == 2 && uv_loop_close(loop) == 0 ? 0 : 1;
}
