/* SPDX-License-Identifier: MIT */
/* Sends calls the way its arguments say, through the public API, and tells line by line what became of them: for
 * run_transport.py, which has the servers. A blank line ends each request.
 *
 *     way BASE-URL [--SETTER VALUE]... [--requests N] [--rounds N] [--cancel-after MS] [--frame-hangs MS] */
#include <apipie/apipie.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAY_MOST 64

struct way {
    apipie_client *client;
    int requests, rounds, cancel_after, frame_hangs;
    const char *certificate, *key, *password;
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000.0 + (double)t.tv_nsec / 1000000.0;
}

static void sleep_ms(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

/* ---- arguments */

static apipie_status set_ca_pem(apipie_client *client, const char *path)
{
    static char pem[1 << 20];
    FILE *file = fopen(path, "rb");
    if (!file)
        return APIPIE_E_FILE;
    size_t n = fread(pem, 1, sizeof pem, file);
    fclose(file);
    apipie_status status = apipie_client_set_ca_pem(client, pem, n);
    memset(pem, 0, sizeof pem); /* it was copied */
    return status;
}

static apipie_status set_header(apipie_client *client, const char *line)
{
    char name[256];
    size_t n = strcspn(line, "=");
    snprintf(name, sizeof name, "%.*s", (int)n, line);
    return apipie_client_set_header(client, name, line + n + 1);
}

static apipie_status set_number(apipie_client *client, const char *name, int value)
{
    if (strcmp(name, "--http2") == 0)
        return apipie_client_set_http2(client, value);
    if (strcmp(name, "--allow-http") == 0)
        return apipie_client_allow_http(client, value);
    if (strcmp(name, "--ip-version") == 0)
        return apipie_client_set_ip_version(client, value);
    if (strcmp(name, "--retries") == 0)
        return apipie_client_set_retry(client, APIPIE_RETRY_SAFE, value);
    if (strcmp(name, "--connect-timeout") == 0)
        return apipie_client_set_connect_timeout(client, value);
    return APIPIE_E_UNSUPPORTED;
}

static apipie_status set(struct way *w, const char *name, const char *value)
{
    if (strcmp(name, "--proxy") == 0)
        return apipie_client_set_proxy(w->client, value);
    if (strcmp(name, "--ca-file") == 0)
        return apipie_client_set_ca_file(w->client, value);
    if (strcmp(name, "--ca-pem") == 0)
        return set_ca_pem(w->client, value);
    if (strcmp(name, "--pinned-key") == 0)
        return apipie_client_set_pinned_key(w->client, value);
    if (strcmp(name, "--header") == 0)
        return set_header(w->client, value);
    if (strcmp(name, "--user-agent") == 0)
        return apipie_client_set_user_agent(w->client, value);
    if (strcmp(name, "--certificate") == 0)
        w->certificate = value;
    else if (strcmp(name, "--key") == 0)
        w->key = value;
    else if (strcmp(name, "--password") == 0)
        w->password = value;
    else if (strcmp(name, "--requests") == 0)
        w->requests = atoi(value);
    else if (strcmp(name, "--rounds") == 0)
        w->rounds = atoi(value);
    else if (strcmp(name, "--cancel-after") == 0)
        w->cancel_after = atoi(value);
    else if (strcmp(name, "--frame-hangs") == 0)
        w->frame_hangs = atoi(value);
    else
        return set_number(w->client, name, atoi(value));
    return APIPIE_OK;
}

static int fail(const char *what, apipie_status status)
{
    printf("%s: %s\n", what, apipie_status_name(status));
    return 2;
}

/* 0 when all is set. The base URL comes last: it may need what stands before it. */
static int set_all(struct way *w, int count, char **words)
{
    apipie_client_set_key(w->client, "sk-pie-0123456789abcdef");
    apipie_client_set_timeout(w->client, 20000);
    apipie_client_set_retry(w->client, APIPIE_RETRY_NEVER, 0);
    apipie_client_set_breaker(w->client, 0, 1); /* each call is to tell its own story */
    apipie_client_set_max_in_flight(w->client, WAY_MOST);
    for (int i = 2; i + 1 < count; i += 2) {
        apipie_status status = set(w, words[i], words[i + 1]);
        if (status != APIPIE_OK)
            return fail(words[i], status);
    }
    apipie_status status = APIPIE_OK;
    if (w->certificate)
        status = apipie_client_set_certificate(w->client, w->certificate, w->key, w->password);
    if (status != APIPIE_OK)
        return fail("--certificate", status);
    status = apipie_client_set_base_url(w->client, words[1]);
    return status == APIPIE_OK ? 0 : fail("BASE-URL", status);
}

/* ---- calls */

static apipie_request *begin(apipie_client *client)
{
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
    apipie_request_submit(r);
    return r;
}

static const char *billed_name(int32_t billed)
{
    return billed == APIPIE_BILLED_NO ? "no" : billed == APIPIE_BILLED_YES ? "yes" : "unknown";
}

static const char *outcome_name(int32_t outcome)
{
    switch (outcome) {
    case APIPIE_OUTCOME_NOT_SENT:
        return "not sent";
    case APIPIE_OUTCOME_REJECTED:
        return "rejected";
    case APIPIE_OUTCOME_DELIVERED:
        return "delivered";
    default:
        return "unknown";
    }
}

static void tell(const apipie_request *r)
{
    const apipie_error *e = apipie_request_error(r);
    size_t n = apipie_request_attempt_count(r);
    printf("status: %s\n", apipie_status_name(apipie_request_status(r)));
    for (size_t i = 0; i < n; i++) {
        printf("attempt: %s, %s, %s\n", outcome_name(apipie_request_attempt_outcome(r, i)),
               billed_name(apipie_request_attempt_billed(r, i)),
               apipie_request_attempt_message(r, i));
    }
    printf("images: %d\n", (int)apipie_result_image_count(apipie_request_result(r)));
    printf("elapsed: %d\n", (int)apipie_request_elapsed(r));
    if (e) {
        printf("billed: %s\nhttp: %d\n", billed_name(apipie_error_billed(e)),
               (int)apipie_error_http_status(e));
        printf("message: %s\nhint: %s\n", apipie_error_message(e), apipie_error_hint(e));
    }
    printf("\n");
    fflush(stdout);
}

static void run_round(struct way *w)
{
    apipie_request *all[WAY_MOST];
    for (int i = 0; i < w->requests; i++)
        all[i] = begin(w->client);
    for (int i = 0; i < w->requests; i++) {
        apipie_request_wait(all[i], -1);
        tell(all[i]);
        apipie_request_unref(all[i]);
    }
}

/* Polled, by a frame that comes late. */
static void run_hanging(struct way *w)
{
    apipie_request *r = begin(w->client);
    double until = now_ms() + 50;
    while (now_ms() < until)
        apipie_client_poll(w->client, 0);
    sleep_ms(w->frame_hangs);
    while (apipie_request_status(r) == APIPIE_PENDING)
        apipie_client_poll(w->client, 10);
    tell(r);
    apipie_request_unref(r);
}

/* ---- a cancel from another thread than the one that waits */

static void *wait_for(void *user)
{
    apipie_request_wait(user, -1);
    return NULL;
}

static void run_cancelled(struct way *w)
{
    pthread_t waiter;
    apipie_request *r = begin(w->client);
    if (pthread_create(&waiter, NULL, wait_for, r))
        exit(2);
    sleep_ms(w->cancel_after);
    double before = now_ms();
    apipie_request_cancel(r);
    pthread_join(waiter, NULL);
    printf("cancel-ms: %.1f\n", now_ms() - before);
    tell(r);
    apipie_request_unref(r);
    /* And one that nobody waits for any more: the last reference ends it. */
    r = begin(w->client);
    apipie_request_wait(r, 100);
    apipie_request_unref(r);
    before = now_ms();
    w->client = apipie_client_unref(w->client);
    printf("unref-ms: %.1f\n\n", now_ms() - before);
}

int main(int count, char **words)
{
    struct way w = {NULL, 1, 1, -1, 0, NULL, NULL, NULL};
    w.client = apipie_client_new(NULL);
    if (!w.client || count < 2)
        return 2;
    int wrong = set_all(&w, count, words);
    if (w.requests > WAY_MOST)
        wrong = 2;
    if (!wrong && w.frame_hangs > 0)
        run_hanging(&w);
    for (int i = 0; !wrong && w.cancel_after < 0 && w.frame_hangs == 0 && i < w.rounds; i++)
        run_round(&w);
    if (!wrong && w.cancel_after >= 0)
        run_cancelled(&w);
    apipie_client_unref(w.client);
    return wrong;
}
