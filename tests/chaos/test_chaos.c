/* SPDX-License-Identifier: MIT */
/* Calls against a server that fails in every way, and two books that must agree. Knows the forms of a run and how to start
 * one. APIPIE_CHAOS_CALLS: so many a form, instead of the short one; APIPIE_CHAOS_FORM: only that one; APIPIE_CHAOS_SEED:
 * a number that was printed; APIPIE_CHAOS_VERBOSE: also how often each reply was given. The first argument is the number of
 * calls, too. */
#include "chaos.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Of a run that goes wrong, no more lines than these. */
#define CHAOS_LINES 20

static const struct chaos_form chaos_forms[] = {
    /* name, policy, retries, calls, threads, routes, images, breaker, cancels, hurries, lets_go */
    {"safe", APIPIE_RETRY_SAFE, 2, 3000, 1, 0, 1, 0, 10, 20, 10},
    {"never", APIPIE_RETRY_NEVER, 2, 1000, 1, 0, 1, 0, 10, 20, 10},
    {"always", APIPIE_RETRY_ALWAYS, 2, 1000, 1, 0, 1, 0, 10, 20, 10},
    {"threads", APIPIE_RETRY_SAFE, 2, 1500, 4, 0, 1, 0, 60, 60, 30},
    {"routes", APIPIE_RETRY_SAFE, 2, 1000, 2, CHAOS_ROUTES, 1, 5, 10, 20, 10},
    {"parts", APIPIE_RETRY_SAFE, 2, 1000, 2, 0, 3, 0, 20, 20, 10},
};

static uint64_t chaos_seed;
static int32_t chaos_calls;
static pthread_mutex_t chaos_lock = PTHREAD_MUTEX_INITIALIZER;
static int32_t chaos_count;

int64_t chaos_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void chaos_wrong(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    pthread_mutex_lock(&chaos_lock);
    if (chaos_count++ < CHAOS_LINES) {
        vfprintf(stderr, format, list);
        fputc('\n', stderr);
    }
    pthread_mutex_unlock(&chaos_lock);
    va_end(list);
}

int32_t chaos_wrongs(void)
{
    pthread_mutex_lock(&chaos_lock);
    int32_t n = chaos_count;
    pthread_mutex_unlock(&chaos_lock);
    return n;
}

/* Too few of something that must happen: such a run proves nothing. */
static void chaos_expect(const struct chaos_crowd *run, const char *what, uint64_t got)
{
    if (run->calls >= 1000 && got == 0)
        chaos_wrong("%s: in %d calls no %s", run->form->name, (int)run->calls, what);
}

static void chaos_cover(const struct chaos_crowd *run, const struct chaos_book *b)
{
    uint64_t good = 0, again = 0, resent = 0, sinks = 0, never_known = 0;
    for (int32_t i = 0; i < chaos_crowd_numbers(run->calls); i++) {
        const struct chaos_report *r = &run->reports[i];
        good += r->ends != 0 && r->status == APIPIE_OK;
        again += r->status == APIPIE_OK && r->tries > 1;
        resent += r->resent > 0;
        sinks += r->commits > 0;
        never_known += r->ends != 0 && r->billed == APIPIE_BILLED_UNKNOWN;
    }
    chaos_expect(run, "picture", good);
    chaos_expect(run, "call that is unknown", never_known);
    chaos_expect(run, "resend of libcurl's", resent);
    chaos_expect(run, "kept connection that was killed", b->turns_lost);
    chaos_expect(run, "download", b->gets);
    chaos_expect(run, "picture in a sink", sinks);
    if (run->form->policy != APIPIE_RETRY_NEVER)
        chaos_expect(run, "second try that brought a picture", again);
    for (size_t k = 0; k < chaos_kind_count && run->calls >= 50000; k++) {
        uint64_t n = 0;
        for (size_t i = 0; i < b->count; i++)
            n += b->arrivals[i].kind == (int32_t)k;
        if (chaos_kinds[k].weight != 0)
            chaos_expect(run, chaos_kinds[k].name, n);
    }
}

static void chaos_run(const struct chaos_form *form, uint64_t seed, const char *ledger)
{
    struct chaos_book book;
    struct chaos_paper paper;
    struct chaos_crowd run = {form, seed, 0, NULL, ledger, NULL};
    run.calls = chaos_calls > 0 ? chaos_calls : form->calls;
    int32_t numbers = chaos_crowd_numbers(run.calls);
    run.reports = calloc((size_t)numbers, sizeof(*run.reports));
    assert_non_null(run.reports);
    assert_true(chaos_book_init(&book, numbers));
    struct chaos_server *server = chaos_server_start(seed, &book);
    assert_non_null(server);
    run.base_url = chaos_server_base(server);
    int64_t start = chaos_now_ms();
    chaos_crowd_run(&run);
    double seconds = (double)(chaos_now_ms() - start) / 1000;
    chaos_server_stop(server);
    if (!chaos_paper_read(&paper, ledger))
        chaos_wrong("no ledger");
    chaos_audit(&run, &book, &paper);
    chaos_cover(&run, &book);
    chaos_audit_print(&run, &book, &paper, seconds, getenv("APIPIE_CHAOS_VERBOSE") != NULL);
    chaos_paper_free(&paper);
    chaos_book_free(&book);
    free(run.reports);
}

static void chaos_test(void **state)
{
    const struct chaos_form *form = *state;
    char folder[] = "/tmp/apipie-chaos-XXXXXX";
    char ledger[64];
    assert_non_null(mkdtemp(folder));
    snprintf(ledger, sizeof(ledger), "%s/ledger.jsonl", folder);
    int32_t before = chaos_wrongs();
    chaos_run(form, chaos_seed, ledger);
    int32_t wrong = chaos_wrongs() - before;
    if (wrong != 0)
        fprintf(stderr, "%s: %d things are wrong; APIPIE_CHAOS_SEED=%" PRIu64 "\n", form->name,
                (int)wrong, chaos_seed);
    unlink(ledger);
    rmdir(folder);
    assert_int_equal(wrong, 0);
}

static void chaos_settings(int argc, char **argv)
{
    const char *seed = getenv("APIPIE_CHAOS_SEED");
    const char *calls = argc > 1 ? argv[1] : getenv("APIPIE_CHAOS_CALLS");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    chaos_seed = (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
    if (seed != NULL)
        chaos_seed = strtoull(seed, NULL, 10);
    chaos_calls = calls != NULL ? (int32_t)strtol(calls, NULL, 10) : 0;
    printf("APIPIE_CHAOS_SEED=%" PRIu64 "\n", chaos_seed);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[sizeof(chaos_forms) / sizeof(chaos_forms[0])];
    const char *only = getenv("APIPIE_CHAOS_FORM");
    size_t n = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    chaos_settings(argc, argv);
    memset(tests, 0, sizeof(tests));
    for (size_t i = 0; i < sizeof(chaos_forms) / sizeof(chaos_forms[0]); i++) {
        static struct chaos_form forms[sizeof(chaos_forms) / sizeof(chaos_forms[0])];
        if (only != NULL && strcmp(only, chaos_forms[i].name) != 0)
            continue;
        forms[n] = chaos_forms[i];
        tests[n].name = chaos_forms[i].name;
        tests[n].test_func = chaos_test;
        tests[n].initial_state = &forms[n];
        n++;
    }
    return n != 0 ? _cmocka_run_group_tests("chaos", tests, n, NULL, NULL) : 2;
}
