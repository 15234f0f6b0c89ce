/* SPDX-License-Identifier: MIT */
/* What a choice among many models costs. Argument: models, default 5000. Prints the median and the best of 200 rounds: a need that
 * fits all, the same with own measurements of each, one that rejects most, and the built-in models. */
#include "catalog/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHOOSE_ROUNDS 200

static int64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int bench_order(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static char bench_names[20000][16];

/* blank: without any figure. */
static struct apipie_catalog *bench_list(size_t n, int blank)
{
    struct apipie_catalog *c = NULL;
    uint64_t seed = 1;
    struct pie_buf json;
    pie_buf_init(&json, &pie_mem_libc, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        char row[256];
        seed = seed * UINT64_C(6364136223846793005) + 1;
        (void)snprintf(bench_names[i], sizeof(bench_names[i]), "model-%05d", (int)i);
        int used = snprintf(
            row, sizeof(row),
            "%c{\"provider\":\"p%d\",\"model\":\"%s\",\"type\":\"image\","
            "\"price_type\":\"image\",\"img_price\":%s%d,\"latency\":\"%d\",\"available\":1}",
            i == 0 ? '[' : ',', (int)(i % 20), bench_names[i],
            blank || i % 10 == 0 ? "null,\"x\":" : "0.0", (int)(seed >> 40) % 9000 + 1000,
            blank ? 0 : (int)(seed >> 50) + 200);
        pie_buf_add(&json, row, (size_t)used);
    }
    pie_buf_add_text(&json, "]");
    (void)pie_catalog_parse(&pie_mem_libc, pie_buf_slice(&json), APIPIE_UNKNOWN, &c);
    pie_buf_free(&json);
    return c;
}

static void bench_run(const char *what, struct apipie_catalog *c, struct pie_owns owns,
                      const struct apipie_need *need)
{
    static int64_t ns[CHOOSE_ROUNDS];
    size_t chosen = 0;
    for (size_t i = 0; i < CHOOSE_ROUNDS; i++) {
        struct apipie_choice *choice = NULL;
        int64_t begin = bench_now();
        if (pie_choose(c, owns, need, &choice) != APIPIE_OK)
            exit(1);
        ns[i] = bench_now() - begin;
        chosen = pie_choice_count(choice);
        pie_choice_drop(choice);
    }
    qsort(ns, CHOOSE_ROUNDS, sizeof(*ns), bench_order);
    (void)printf("%-28s %5zu models, %5zu chosen: median %7.3f ms, best %7.3f ms\n", what,
                 pie_catalog_count(c), chosen, (double)ns[CHOOSE_ROUNDS / 2] / 1e6,
                 (double)ns[0] / 1e6);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 5000;
    static struct pie_own own[20000];
    static char providers[20][8];
    struct apipie_catalog *c = n <= 20000 ? bench_list(n, 0) : NULL;
    struct apipie_catalog *built_in = NULL;
    struct apipie_need *need = pie_need_new(&pie_mem_libc);
    if (c == NULL || need == NULL || pie_catalog_built_in(&pie_mem_libc, &built_in) != APIPIE_OK)
        return 1;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(providers[i % 20], sizeof(providers[0]), "p%d", (int)(i % 20));
        own[i] = (struct pie_own){providers[i % 20],
                                  bench_names[i],
                                  50,
                                  (int64_t)(i % 50),
                                  50,
                                  100 + (int64_t)i,
                                  9000,
                                  50,
                                  (int64_t)(i + 1) * 1000000000};
    }
    bench_run("all fit", c, (struct pie_owns){NULL, 0}, need);
    bench_run("all fit, all measured", c, (struct pie_owns){own, n}, need);
    (void)pie_need_set_text(need, APIPIE_MODEL_PROVIDER, "p3");
    bench_run("one provider", c, (struct pie_owns){NULL, 0}, need);
    struct apipie_catalog *blank = bench_list(n, 1);
    bench_run("no figures", blank, (struct pie_owns){NULL, 0}, &pie_need_any);
    pie_catalog_drop(blank);
    bench_run("built-in, no figures", built_in, (struct pie_owns){NULL, 0}, &pie_need_any);
    pie_need_free(need);
    pie_catalog_drop(c);
    pie_catalog_drop(built_in);
    return 0;
}
