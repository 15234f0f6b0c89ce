/* SPDX-License-Identifier: MIT */
/* Knows signals; of the request only that it can be cancelled, which no signal handler may do. */
#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t interrupt_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t interrupt_came = PTHREAD_COND_INITIALIZER;
static apipie_request *interrupt_request;
static int interrupt_count;
static sigset_t interrupt_signals;

static void *listen_for_signals(void *nothing)
{
    int number;

    (void)nothing;
    while (sigwait(&interrupt_signals, &number) == 0) {
        (void)pthread_mutex_lock(&interrupt_lock);
        interrupt_count++;
        if (interrupt_count > 1)
            _exit(130);
        apipie_request_cancel(interrupt_request);
        (void)pthread_cond_broadcast(&interrupt_came);
        (void)pthread_mutex_unlock(&interrupt_lock);
    }
    return NULL;
}

/* A signal that our starter ignores (nohup, a background job) stays ignored. */
static void add_unless_ignored(int number)
{
    struct sigaction now;

    if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
        (void)sigaddset(&interrupt_signals, number);
}

int cli_interrupt_start(void)
{
    struct sigaction ignore;
    pthread_t thread;

    /* A reader that went away is an error of write(), not our end. */
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &ignore, NULL);

    (void)sigemptyset(&interrupt_signals);
    add_unless_ignored(SIGINT);
    (void)sigaddset(&interrupt_signals, SIGTERM);
    if (pthread_sigmask(SIG_BLOCK, &interrupt_signals, NULL) != 0 ||
        pthread_create(&thread, NULL, listen_for_signals, NULL) != 0)
        return 0;
    return pthread_detach(thread) == 0;
}

void cli_interrupt_watch(apipie_request *request)
{
    (void)pthread_mutex_lock(&interrupt_lock);
    interrupt_request = request;
    if (interrupt_count > 0)
        apipie_request_cancel(request);
    (void)pthread_mutex_unlock(&interrupt_lock);
}

int cli_interrupt_came(void)
{
    int came;

    (void)pthread_mutex_lock(&interrupt_lock);
    came = interrupt_count > 0;
    (void)pthread_mutex_unlock(&interrupt_lock);
    return came;
}

void cli_interrupt_wait(void)
{
    (void)pthread_mutex_lock(&interrupt_lock);
    while (interrupt_count == 0)
        (void)pthread_cond_wait(&interrupt_came, &interrupt_lock);
    (void)pthread_mutex_unlock(&interrupt_lock);
}
