/* SPDX-License-Identifier: MIT */
/* Which bills of a ledger and of the gateway are the same call: small worlds, written by hand. */
#include "../support/draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Times are milliseconds after an hour ago. */
struct own {
    int64_t sent, took; /* took -1: nobody saw the end */
    const char *route;  /* "provider/model" */
    int32_t chars;
    const char *cost; /* NULL: unknown */
};
struct theirs {
    int64_t at;
    const char *provider, *route;
    int32_t chars;
    const char *cost, *unit;
};
struct world {
    const char *name;
    struct own own[4];
    struct theirs theirs[4];
    int64_t matched, missing, unexpected, different, found, open;
};

#define SDXL "prodia", "sdxl"

static const struct world worlds[] = {
    {"all is well",
     {{0, 3000, "prodia/sdxl", 10, "0.01"}, {60000, 2000, "together/x", 20, "0.02"}},
     {{2500, SDXL, 10, "0.01", "image"}, {61000, "together", "together/x", 20, "0.02", "image"}},
     2,
     0,
     0,
     0,
     0,
     0},
    {"missing",
     {{0, 3000, "prodia/sdxl", 10, "0.01"}},
     {{0, NULL, NULL, 0, NULL, NULL}},
     0,
     1,
     0,
     0,
     0,
     0},
    {"another time",
     {{0, 3000, "prodia/sdxl", 10, "0.01"}},
     {{300000, SDXL, 10, "0.01", "image"}},
     0,
     1,
     1,
     0,
     0,
     0},
    {"another model",
     {{0, 3000, "prodia/sdxl", 10, "0.01"}},
     {{2000, "prodia", "sd15", 10, "0.01", "image"}},
     0,
     1,
     1,
     0,
     0,
     0},
    {"another prompt",
     {{0, 3000, "prodia/sdxl", 10, "0.01"}},
     {{2000, SDXL, 33, "0.01", "image"}},
     0,
     1,
     1,
     0,
     0,
     0},
    {"units of UTF-16",
     {{0, 3000, "prodia/sdxl", 10, "0.01"}},
     {{2000, SDXL, 14, "0.01", "image"}},
     1,
     0,
     0,
     0,
     0,
     0},
    {"another cost",
     {{0, 3000, "prodia/sdxl", 10, "0.01"}},
     {{2000, SDXL, 10, "0.011", "image"}},
     1,
     0,
     0,
     1,
     0,
     0},
    {"equal costs come first",
     {{0, 30000, "prodia/sdxl", 10, "0.02"}, {1000, 30000, "prodia/sdxl", 10, "0.01"}},
     {{4000, SDXL, 10, "0.01", "image"}, {5000, SDXL, 10, "0.02", "image"}},
     2,
     0,
     0,
     0,
     0,
     0},
    {"one bill is one call",
     {{0, 30000, "prodia/sdxl", 10, "0.01"}, {1000, 30000, "prodia/sdxl", 10, "0.01"}},
     {{4000, SDXL, 10, "0.01", "image"}},
     1,
     1,
     0,
     0,
     0,
     0},
    {"drawn after nobody looked",
     {{0, -1, "prodia/sdxl", 10, NULL}},
     {{500000, SDXL, 10, "0.01", "image"}},
     1,
     0,
     0,
     0,
     1,
     0},
    {"unknown still",
     {{0, -1, "prodia/sdxl", 10, NULL}},
     {{0, NULL, NULL, 0, NULL, NULL}},
     0,
     0,
     0,
     0,
     0,
     1},
    {"words are no pictures",
     {{0, 3000, "prodia/sdxl", 10, "0.01"}},
     {{2000, SDXL, 10, "0.01", "image"}, {2100, "openai", "gpt-4o", 10, "0.5", "token"}},
     1,
     0,
     0,
     0,
     0,
     0},
    {"a pool chooses",
     {{0, 3000, "pool/any", 10, "0.01"}},
     {{2000, SDXL, 10, "0.01", "image"}},
     1,
     0,
     0,
     0,
     0,
     0},
    {"the gateway chose",
     {{0, 3000, "", 10, "0.01"}},
     {{2000, SDXL, 10, "0.01", "image"}},
     1,
     0,
     0,
     0,
     0,
     0},
    {"the provider is in the model's name",
     {{0, 3000, "/prodia/sdxl", 10, "0.01"}, {60000, 2000, "together/together/x", 20, "0.02"}},
     {{2500, SDXL, 10, "0.01", "image"}, {61000, "together", "x", 20, "0.02", "image"}},
     2,
     0,
     0,
     0,
     0,
     0},
    {"another provider is in the model's name",
     {{0, 3000, "/together/sdxl", 10, "0.01"}},
     {{2500, SDXL, 10, "0.01", "image"}},
     0,
     1,
     1,
     0,
     0,
     0},
    {"the try that is known to be billed",
     {{0, -1, "prodia/sdxl", 10, NULL}, {10000, 3000, "prodia/sdxl", 10, "0.02"}},
     {{12000, SDXL, 10, "0.01", "image"}},
     1,
     0,
     0,
     1,
     0,
     1},
    {"before the ledger began",
     {{1000000, 3000, "prodia/sdxl", 10, "0.01"}},
     {{1002000, SDXL, 10, "0.01", "image"}, {2000, SDXL, 10, "0.01", "image"}},
     1,
     0,
     0,
     0,
     0,
     0},
};

static int64_t hour_ago(void)
{
    return ((int64_t)time(NULL) - 3600) * 1000;
}

static void stamp(int64_t ms, char out[32])
{
    time_t second = (time_t)(ms / 1000);
    struct tm t;
    gmtime_r(&second, &t);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(out + n, 32 - n, ".%03dZ", (int)(ms % 1000));
}

static void write_own(FILE *file, const struct own *o, int64_t zero, int n)
{
    char time[32];
    const char *slash = strchr(o->route, '/');
    stamp(zero + o->sent, time);
    fprintf(file,
            "{\"v\":1,\"type\":\"reserve\",\"id\":\"%d\",\"time\":\"%s\",\"backend\":\"apipie\",",
            n, time);
    if (slash != NULL)
        fprintf(file, "\"provider\":\"%.*s\",\"model\":\"%s\",", (int)(slash - o->route), o->route,
                slash + 1);
    fprintf(file, "\"images\":1,\"prompt_chars\":%d,\"amount_usd\":\"0.01\"}\n", o->chars);
    stamp(zero + o->sent + (o->took < 0 ? 5000 : o->took), time);
    fprintf(file, "{\"v\":1,\"type\":\"settle\",\"id\":\"%d\",\"time\":\"%s\",", n, time);
    if (o->took < 0)
        fprintf(file, "\"billed\":\"unknown\",\"outcome\":\"unknown\"}\n");
    else
        fprintf(file, "\"billed\":\"yes\",\"cost_usd\":\"%s\",\"estimated\":false}\n", o->cost);
}

static char page[8192];

static void write_page(const struct world *w, int64_t zero)
{
    char time[32];
    int n = snprintf(page, sizeof(page), "{\"items\":[");
    for (int i = 3; i >= 0; i--) { /* newest first */
        const struct theirs *t = &w->theirs[i];
        if (t->provider == NULL)
            continue;
        stamp(zero + t->at, time);
        n += snprintf(page + n, sizeof(page) - (size_t)n,
                      "%s{\"id\":%d,\"timestamp\":\"%s\",\"provider\":\"%s\",\"route\":\"%s\","
                      "\"unit\":\"%s\","
                      "\"prompt_char\":%d,\"cost\":\"%s\"}",
                      page[n - 1] == '[' ? "" : ",", i, time, t->provider, t->route, t->unit,
                      t->chars, t->cost);
    }
    snprintf(page + n, sizeof(page) - (size_t)n, "],\"limit\":50,\"offset\":0}");
}

/* Without a Date the clocks may differ by a minute; this one is exact. */
static void serve_page(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char headers[128];
    time_t now = time(NULL);
    struct tm t;
    (void)q;
    (void)user;
    gmtime_r(&now, &t);
    strftime(headers, sizeof(headers),
             "Date: %a, %d %b %Y %H:%M:%S GMT\r\nContent-Type: application/json\r\n", &t);
    raw_reply(c, 200, headers, page, strlen(page));
}

static void a_world(void **state)
{
    struct draw *d = *state;
    const struct world *w = d->row;
    int64_t zero = hour_ago();
    char path[] = "audit-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    apipie_history *ledger = NULL;
    assert_non_null(file);
    for (int i = 0; i < 4; i++) {
        if (w->own[i].route != NULL)
            write_own(file, &w->own[i], zero, i);
    }
    fclose(file);
    write_page(w, zero);
    draw_serve(d, serve_page, NULL);
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_HISTORY);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_status status =
        apipie_history_load_ledger(d->client, path, APIPIE_UNKNOWN, APIPIE_UNKNOWN, &ledger);
    unlink(path);
    assert_status(status, APIPIE_OK);
    apipie_audit *a = apipie_audit_new(ledger, apipie_request_history(d->request));
    assert_int_equal(apipie_audit_number(a, APIPIE_AUDIT_MATCHED), w->matched);
    assert_int_equal(apipie_audit_number(a, APIPIE_AUDIT_MISSING), w->missing);
    assert_int_equal(apipie_audit_number(a, APIPIE_AUDIT_UNEXPECTED), w->unexpected);
    assert_int_equal(apipie_audit_number(a, APIPIE_AUDIT_DIFFERENT), w->different);
    assert_int_equal(apipie_audit_number(a, APIPIE_AUDIT_FOUND), w->found);
    assert_int_equal(apipie_audit_number(a, APIPIE_AUDIT_OPEN), w->open);
    assert_int_equal(apipie_audit_count(a), w->missing + w->unexpected + w->different + w->found);
    assert_int_equal(apipie_audit_kind(a, apipie_audit_count(a)), 0);
    apipie_audit_unref(apipie_audit_ref(a));
    apipie_history_unref(ledger);
    assert_true(apipie_audit_number(a, APIPIE_AUDIT_TO) >
                apipie_audit_number(a, APIPIE_AUDIT_FROM));
    apipie_audit_unref(a);
}

int main(void)
{
    return DRAW_ROWS(a_world, worlds);
}
