/* SPDX-License-Identifier: MIT */
/* Knows POSIX threads: locks, threads, their signals, processes; must not know what they serve. */
#include "base/base.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

struct pie_lock {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/* The condition must run on the steady clock: waits would jump with the wall clock otherwise. */
static int os_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return -1;
    int failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (failed == 0)
        failed = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return failed;
}

struct pie_lock *pie_lock_new(const struct pie_mem *mem)
{
    struct pie_lock *lock = pie_mem_new(mem, 1, sizeof(*lock));
    if (lock == NULL)
        return NULL;
    if (pthread_mutex_init(&lock->mutex, NULL) != 0)
        return pie_mem_free(mem, lock);
    if (os_condition(&lock->changed) != 0) {
        pthread_mutex_destroy(&lock->mutex);
        return pie_mem_free(mem, lock);
    }
    return lock;
}

struct pie_lock *pie_lock_free(const struct pie_mem *mem, struct pie_lock *lock)
{
    if (lock == NULL)
        return NULL;
    pthread_cond_destroy(&lock->changed);
    pthread_mutex_destroy(&lock->mutex);
    return pie_mem_free(mem, lock);
}

void pie_lock_take(struct pie_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
}

void pie_lock_drop(struct pie_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

static void os_wait(struct pie_lock *lock, pthread_cond_t *condition, int64_t timeout_ms)
{
    if (timeout_ms < 0) {
        pthread_cond_wait(condition, &lock->mutex);
        return;
    }
    int64_t until = pie_clock_us() + timeout_ms * 1000;
    struct timespec t = {(time_t)(until / 1000000), (long)(until % 1000000) * 1000};
    pthread_cond_timedwait(condition, &lock->mutex, &t);
}

void pie_lock_wait(struct pie_lock *lock, int64_t timeout_ms)
{
    os_wait(lock, &lock->changed, timeout_ms);
}

void pie_lock_wake(struct pie_lock *lock)
{
    pthread_cond_broadcast(&lock->changed);
}

/* ---- naps */

_Static_assert(sizeof(pthread_cond_t) <= sizeof(struct pie_nap),
               "a nap has no room for a condition");

static pthread_cond_t *os_nap(struct pie_nap *nap)
{
    return (pthread_cond_t *)(void *)nap->room;
}

void pie_nap_begin(struct pie_nap *nap)
{
    os_condition(os_nap(nap)); /* it takes nothing from the system that could be missing */
}

void pie_nap_wait(struct pie_lock *lock, struct pie_nap *nap, int64_t timeout_ms)
{
    os_wait(lock, os_nap(nap), timeout_ms);
}

void pie_nap_wake(struct pie_nap *nap)
{
    pthread_cond_signal(os_nap(nap));
}

void pie_nap_end(struct pie_nap *nap)
{
    pthread_cond_destroy(os_nap(nap));
}

int32_t pie_lock_renew(struct pie_lock *lock)
{
    /* Whoever held it at the fork is not there to let it go. */
    if (pthread_mutex_trylock(&lock->mutex) != 0)
        return 0;
    pthread_mutex_unlock(&lock->mutex);
    /* Its waiters are not there either: a condition that counts them would wait for them when it is destroyed. */
    return os_condition(&lock->changed) == 0;
}

/* Any object that each thread has for itself. */
static _Thread_local void *thread_mine;

uint64_t pie_thread_id(void)
{
    return (uint64_t)(uintptr_t)&thread_mine;
}

void **pie_thread_slot(void)
{
    return &thread_mine;
}

struct pie_thread {
    pthread_t id;
    void (*fn)(void *user);
    void *user;
};

static void *thread_main(void *user)
{
    struct pie_thread *thread = user;
    thread->fn(thread->user); /* it may have let us go: thread may be no more */
    return NULL;
}

struct pie_thread *pie_thread_start(const struct pie_mem *mem, void (*fn)(void *user), void *user)
{
    sigset_t all, before;
    struct pie_thread *thread = pie_mem_new(mem, 1, sizeof(*thread));
    if (thread == NULL)
        return NULL;
    thread->fn = fn;
    thread->user = user;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread->id, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? thread : pie_mem_free(mem, thread);
}

void pie_thread_end(const struct pie_mem *mem, struct pie_thread *thread)
{
    if (thread == NULL)
        return;
    if (pthread_equal(thread->id, pthread_self()))
        pthread_detach(thread->id);
    else
        pthread_join(thread->id, NULL);
    pie_mem_free(mem, thread);
}

int64_t pie_process_id(void)
{
    return (int64_t)getpid();
}

/* ---- SIGPIPE */

enum { SIGPIPE_IS_OURS = 1, SIGPIPE_WAS_OPEN = 2 };

int32_t pie_sigpipe_hold(void)
{
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    int32_t held = sigismember(&pending, SIGPIPE) ? 0 : SIGPIPE_IS_OURS;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    return held | (sigismember(&before, SIGPIPE) ? 0 : SIGPIPE_WAS_OPEN);
}

void pie_sigpipe_release(int32_t held)
{
    sigset_t pipe_signal;
    struct timespec now = {0, 0};
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    if ((held & SIGPIPE_IS_OURS) != 0)
        sigtimedwait(&pipe_signal, NULL, &now);
    if ((held & SIGPIPE_WAS_OPEN) != 0)
        pthread_sigmask(SIG_UNBLOCK, &pipe_signal, NULL);
}

void pie_once(void (*fn)(void))
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fn);
}
