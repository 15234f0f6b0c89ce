/* SPDX-License-Identifier: MIT */
/* Records how calls really go: the client against the sandbox, both in this process, several calls at once, pictures drawn for real, on
 * a machine that does other things too. What goes wrong is scripted: the sandbox stalls or fails as the series' plan says for the n-th
 * call. Prints a line a call in the order in which they ended: milliseconds since the first, 1 or 0 for good or failed, milliseconds
 * from the start of the exchange to its last byte. tests/unit/series keeps what test_health_series.c replays.
 *
 *   bench-record-series NAME [SEED] > NAME.tsv       without a name: the names */
#include <apipie/apipie.h>
#include <apipie/sandbox.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STALL_MS 20  /* what a gateway does beside drawing */
#define EVENT    200 /* usual calls before anything happens */
#define MOST     800
#define BURNERS  3

/* What happens from call EVENT on. */
struct plan {
    const char *name, *what;
    int32_t calls, at_once, burners;
    int32_t slower_tenths, over; /* times as slow at the end, over so many calls; 10: not */
    int32_t fail_percent;        /* at the end, over the same */
    int32_t burst, every;        /* so many failures in a row, at each so many calls; 0: none */
    int32_t sizes;               /* pictures of three sizes, mixed */
    int32_t crowd;               /* calls at once at the end; 0: as before */
};

static const struct plan plans[] = {
    {"calm", "nothing happens", 700, 2, 0, 10, 1, 0, 0, 0, 0, 0},
    {"crowded", "nothing happens, 8 calls at once on a busy processor", 700, 8, 2, 10, 1, 0, 0, 0,
     0, 0},
    {"busy", "nothing happens, but others work in fits on the same processor", 700, 4, BURNERS, 10,
     1, 0, 0, 0, 0, 0},
    {"sizes", "nothing happens, pictures of three sizes in turn by chance", 700, 2, 0, 10, 1, 0, 0,
     0, 1, 0},
    {"ramp", "the stall grows from 20 to 220 ms over 100 calls", 400, 4, 0, 110, 100, 0, 0, 0, 0,
     0},
    {"ramp_busy", "the stall grows from 20 to 220 ms over 100 calls, while others work in fits",
     400, 4, BURNERS, 110, 100, 0, 0, 0, 0, 0},
    {"sudden", "the stall is 500 ms at once", 300, 4, 0, 250, 1, 0, 0, 0, 0, 0},
    {"load", "calls at once grow from 2 to 24 over 120 calls", 500, 2, 0, 10, 120, 0, 0, 0, 0, 24},
    {"failing", "status 500 for a share that grows to 40 % over 100 calls", 400, 4, 0, 10, 100, 40,
     0, 0, 0, 0},
    {"bursts", "4 failures in a row at each 60 calls", 500, 4, 0, 10, 1, 0, 4, 60, 0, 0},
};

/* ---- other work on the machine */

static int32_t burn_stop;

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t next(uint32_t *dice)
{
    *dice = *dice * 1664525 + 1013904223;
    return *dice >> 8;
}

static void *burn(void *user)
{
    uint32_t dice = (uint32_t)(uintptr_t)user;
    while (!__atomic_load_n(&burn_stop, __ATOMIC_RELAXED)) {
        int64_t until = now_ms() + next(&dice) % 120;
        struct timespec rest = {0, (long)(next(&dice) % 200 + 1) * 1000000};
        while (now_ms() < until && !__atomic_load_n(&burn_stop, __ATOMIC_RELAXED))
            (void)next(&dice);
        (void)nanosleep(&rest, NULL);
    }
    return NULL;
}

/* ---- the calls */

struct call {
    int64_t ended_ms, took_ms;
    int32_t good;
};

struct recorder {
    const struct plan *plan;
    apipie_client *client;
    uint32_t dice;
    int32_t sent, ended;
    struct call calls[MOST];
};

/* How far the event has come, in thousandths. */
static int32_t share(const struct plan *p, int32_t n)
{
    int32_t since = n - EVENT;
    if (since < 0)
        return 0;
    return since >= p->over ? 1000 : since * 1000 / p->over;
}

static int32_t fails(struct recorder *r, int32_t n)
{
    const struct plan *p = r->plan;
    int32_t chance = (int32_t)(next(&r->dice) % 100000);
    if (p->burst != 0 && n >= EVENT)
        return (n - EVENT) % p->every < p->burst;
    return chance < p->fail_percent * share(p, n);
}

static void send(struct recorder *r)
{
    static const int32_t sides[] = {128, 320, 512};
    const struct plan *p = r->plan;
    int32_t n = r->sent++;
    int32_t stall = STALL_MS * (1000 * 10 + share(p, n) * (p->slower_tenths - 10)) / 10000;
    int32_t side = p->sizes ? sides[next(&r->dice) % 3] : 256;
    int32_t broken = fails(r, n);
    char fault[96];
    char prompt[32];
    apipie_request *q = apipie_request_new(r->client, APIPIE_REQUEST_IMAGE);
    (void)snprintf(fault, sizeof(fault), "{\"fault\":\"stall:%" PRId32 "%s\"}", stall,
                   broken ? ";status:500" : "");
    (void)snprintf(prompt, sizeof(prompt), "a harbour, %" PRId32, n);
    (void)apipie_request_set_prompt(q, prompt, strlen(prompt));
    (void)apipie_request_set_provider(q, "prodia");
    (void)apipie_request_set_model(q, "sd_xl_base_1.0");
    (void)apipie_request_set_size(q, side, side);
    (void)apipie_request_set_retry(q, APIPIE_RETRY_NEVER, 0);
    (void)apipie_request_set_extra(q, "sandbox", fault);
    if (apipie_request_submit(q) != APIPIE_OK) {
        (void)fputs("a call could not be sent\n", stderr);
        exit(1);
    }
    (void)apipie_request_unref(q);
}

static void collect(struct recorder *r, apipie_request *q)
{
    struct call *c = &r->calls[r->ended++];
    c->ended_ms = now_ms();
    c->good = apipie_result_image_count(apipie_request_result(q)) == 1;
    c->took_ms = apipie_request_attempt_time(q, 0, APIPIE_TIME_TOTAL);
}

static void record(struct recorder *r)
{
    const struct plan *p = r->plan;
    while (r->ended < p->calls) {
        int32_t wide = p->crowd != 0 ? (p->crowd - p->at_once) * share(p, r->sent) / 1000 : 0;
        apipie_request *q;
        while (r->sent < p->calls && r->sent - r->ended < p->at_once + wide)
            send(r);
        (void)apipie_client_poll(r->client, 1000);
        while ((q = apipie_client_next(r->client)) != NULL) {
            collect(r, q);
            (void)apipie_request_unref(q);
        }
    }
}

static void print(const struct recorder *r)
{
    const struct plan *p = r->plan;
    (void)printf("# %s: %s\n", p->name, p->what);
    (void)printf(
        "# recorded with tests/bench/record_series.c against the sandbox, pictures of %s, %" PRId32
        " calls at once, %" PRId32 " threads of other work, two processors\n",
        p->sizes ? "128, 320 and 512 pixels" : "256 pixels", p->at_once, p->burners);
    (void)printf("# event\t%d\n",
                 p->slower_tenths == 10 && p->fail_percent == 0 && p->burst == 0 && p->crowd == 0
                     ? 0
                     : EVENT);
    (void)puts("# ms\tgood\ttook_ms");
    for (int32_t i = 0; i < r->ended; i++)
        (void)printf("%" PRId64 "\t%" PRId32 "\t%" PRId64 "\n",
                     r->calls[i].ended_ms - r->calls[0].ended_ms, r->calls[i].good,
                     r->calls[i].took_ms);
}

static apipie_sandbox *start(struct recorder *r)
{
    apipie_sandbox *box = apipie_sandbox_new();
    char url[128];
    if (apipie_sandbox_start(box) != APIPIE_OK) {
        (void)fputs("the sandbox does not start\n", stderr);
        exit(1);
    }
    (void)snprintf(url, sizeof(url), "%s", apipie_sandbox_url(box));
    r->client = apipie_client_new(NULL);
    (void)apipie_client_set_base_url(r->client, url);
    (void)apipie_client_set_key(r->client, APIPIE_SANDBOX_KEY);
    (void)apipie_client_set_breaker(r->client, 0, 1000);
    (void)apipie_client_set_max_in_flight(r->client, 64);
    return box;
}

int main(int argc, char **argv)
{
    static struct recorder r = {.dice = 20240229};
    pthread_t threads[BURNERS];
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (argc < 2)
            (void)puts(plans[i].name);
        else if (strcmp(plans[i].name, argv[1]) == 0)
            r.plan = &plans[i];
    }
    if (argc > 2)
        r.dice = (uint32_t)strtoul(argv[2], NULL, 10);
    if (r.plan == NULL)
        return argc < 2 ? 0 : 2;
    apipie_sandbox *box = start(&r);
    for (int32_t i = 0; i < r.plan->burners; i++)
        (void)pthread_create(&threads[i], NULL, burn, (void *)(uintptr_t)(i + 7));
    record(&r);
    __atomic_store_n(&burn_stop, 1, __ATOMIC_RELAXED);
    for (int32_t i = 0; i < r.plan->burners; i++)
        (void)pthread_join(threads[i], NULL);
    print(&r);
    r.client = apipie_client_unref(r.client);
    (void)apipie_sandbox_unref(box);
    return 0;
}
