/* SPDX-License-Identifier: MIT */
/* In a loop of epoll, without a thread: one descriptor for all sockets of the client, and how long epoll may wait. */
#include <apipie/apipie.h>

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* 1 when it is under way. What submit refuses has ended here: it does not come out of next(). */
static int ask(apipie_client *client, const char *prompt)
{
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, prompt, APIPIE_NTS);
    apipie_request_set_size(req, 512, 512);
    apipie_status status = apipie_request_submit(req);
    if (status != APIPIE_OK)
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(req)));
    apipie_request_unref(req); /* the client has a reference of its own; next() gives it to us */
    return status == APIPIE_OK;
}

/* 1 when there is a picture. */
static int answer(apipie_request *req)
{
    const apipie_result *result = apipie_request_result(req);
    apipie_status status = apipie_request_status(req);
    if (status == APIPIE_OK)
        printf("%s: %d x %d\n", apipie_request_prompt(req, NULL),
               (int)apipie_result_image_width(result, 0),
               (int)apipie_result_image_height(result, 0));
    else
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(req)));
    apipie_request_unref(req);
    return status == APIPIE_OK;
}

static int watch(int loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static int timer_every(long ms)
{
    struct itimerspec when = {{ms / 1000, ms % 1000 * 1000000}, {ms / 1000, ms % 1000 * 1000000}};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timerfd_settime(timer, 0, &when, NULL);
    return timer;
}

/* The server's other descriptors. */
static int serve(const struct epoll_event *event, int timer)
{
    uint64_t times = 0;
    if (event->data.fd != timer || read(timer, &times, sizeof times) != sizeof times)
        return 0;
    return (int)times;
}

/* As epoll takes it: an int, negative for ever. */
static int patience(apipie_client *client)
{
    int64_t ms = apipie_client_next_timeout(client);
    return ms < 60000 ? (int)ms : 60000;
}

int main(void)
{
    struct epoll_event events[16];
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *req = NULL;
    int loop = epoll_create1(EPOLL_CLOEXEC), timer = timer_every(50), ticks = 0, good = 0;

    apipie_client_set_poll_budget(client, 1000); /* the server's other work is not kept waiting */
    if (watch(loop, timer) != 0 || watch(loop, (int)apipie_client_loop_fd(client)) != 0) {
        perror("epoll");
        return 1;
    }
    int open = ask(client, "A harbour at dawn");
    open += ask(client, "A harbour at dusk");
    while (open > 0) {
        int n = epoll_wait(loop, events, 16, patience(client)); /* asked anew each time */
        for (int i = 0; i < n; i++)
            ticks += serve(&events[i], timer);
        /* Whatever woke us: with nothing to do it costs next to nothing. */
        apipie_client_poll(client, 0);
        for (; (req = apipie_client_next(client)) != NULL; open--)
            good += answer(req);
    }
    printf("%d ticks of the server's own work meanwhile\n", ticks);
    close(timer);
    close(loop); /* before the client goes: its descriptor is in there */
    apipie_client_unref(client);
    return good == 2 ? 0 : 1;
}
