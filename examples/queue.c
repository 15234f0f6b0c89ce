/* SPDX-License-Identifier: MIT */
/* A server's own poll(2): a thread of the library moves the bytes, and a descriptor says when there is something to collect.
 * It stands in the list beside the server's others, here a timer. */
#include <apipie/apipie.h>

#include <poll.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Whose picture it is: goes with the request. */
struct job {
    const char *customer, *prompt;
};

/* 1 when it was refused at once: it then does not come out of the queue. */
static int ask(apipie_client *client, struct job *job)
{
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, job->prompt, APIPIE_NTS);
    apipie_request_set_size(req, 512, 512);
    apipie_request_set_user_data(req, job, NULL);
    apipie_status status = apipie_request_submit(req);
    if (status != APIPIE_OK)
        fprintf(stderr, "%s: %s\n", job->customer, apipie_error_message(apipie_request_error(req)));
    apipie_request_unref(req); /* the client has a reference of its own; next() gives it to us */
    return status != APIPIE_OK;
}

static int answer(apipie_request *req)
{
    const struct job *job = apipie_request_user_data(req);
    const apipie_result *result = apipie_request_result(req);
    apipie_status status = apipie_request_status(req);
    if (status == APIPIE_OK)
        printf("%s gets %s, %d x %d\n", job->customer, apipie_result_image_mime(result, 0),
               (int)apipie_result_image_width(result, 0),
               (int)apipie_result_image_height(result, 0));
    else
        printf("%s gets an error: %s\n", job->customer,
               apipie_error_message(apipie_request_error(req)));
    apipie_request_unref(req);
    return status != APIPIE_OK;
}

static int timer_every(long ms)
{
    struct itimerspec when = {{ms / 1000, ms % 1000 * 1000000}, {ms / 1000, ms % 1000 * 1000000}};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timerfd_settime(timer, 0, &when, NULL);
    return timer;
}

static int serve(apipie_client *client, int open)
{
    struct pollfd fds[] = {{(int)apipie_client_queue_fd(client), POLLIN, 0},
                           {timer_every(50), POLLIN, 0}};
    apipie_request *req = NULL;
    uint64_t times = 0, ticks = 0;
    int failed = 0;

    /* The queue holds whatever ended, also what ended before we looked. Never read its descriptor: next() makes it quiet. */
    while (open > 0 && poll(fds, 2, -1) > 0) {
        if (fds[0].revents != 0)
            for (; (req = apipie_client_next(client)) != NULL; open--)
                failed += answer(req);
        if (fds[1].revents != 0 && read(fds[1].fd, &times, sizeof times) == sizeof times)
            ticks += times;
    }
    printf("%d ticks of the server's own work meanwhile\n", (int)ticks);
    close(fds[1].fd); /* that of the queue is the client's */
    return failed;
}

int main(void)
{
    static struct job jobs[] = {{"Ada", "A harbour at dawn"}, {"Grace", "A harbour at dusk"}};
    apipie_client *client = apipie_client_new(NULL);
    apipie_status status = apipie_client_start_worker(client);
    int failed = 0;

    if (status != APIPIE_OK) {
        fprintf(stderr, "no worker: %s\n", apipie_status_name(status));
        return 1;
    }
    for (int i = 0; i < 2; i++)
        failed += ask(client, &jobs[i]);
    failed += serve(client, 2 - failed);
    apipie_client_unref(client);
    return failed;
}
