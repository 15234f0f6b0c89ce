/* SPDX-License-Identifier: MIT */
/* What a list of 5,000 models costs: parsed, beside plain jansson on the same bytes, then sorted, filtered, grouped, priced
 * and compared. Prints; never fails for being slow. */
#include "catalog/catalog.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define BENCH_MODELS 5000
#define BENCH_RUNS   15

static volatile size_t bench_seen; /* keeps results alive */

struct bench_data {
    struct pie_buf text;
    struct apipie_catalog *c, *base;
};

static void bench_need(int good)
{
    if (!good) {
        fputs("a step failed\n", stderr);
        exit(2);
    }
}

/* As the gateway writes them: text models, and one in twelve that makes pictures. */
static void bench_write_row(struct pie_buf *out, int i)
{
    char row[1200];
    int image = i % 12 == 0;
    snprintf(row, sizeof(row),
             "%s{\"id\":\"provider%d/"
             "model-%d-instruct\",\"model\":\"model-%d-instruct\",\"provider\":\"provider%d\","
             "\"type\":\"%s\",\"subtype\":\"%s\",\"route\":\"vendor/model-%d-instruct\","
             "\"description\":\"Model %d is a model of %d billion parameters, trained for "
             "instructions and tools.\","
             "\"enabled\":1,\"available\":%d,\"max_tokens\":%d,\"max_response_tokens\":4096,"
             "\"input_cost\":\"0.00000%04d00000000\",\"output_cost\":\"0.0000%05d00000000\",\"avg_"
             "cost\":\"0.000%07d\","
             "\"price_type\":\"%s\",\"img_price\":null,\"img_json\":%s,"
             "\"latency\":\"%d/2145/6245/8234/18456/%d\",\"query_count\":\"%d,000\"}",
             i != 0 ? "," : "", i % 23, i, i, i % 23, image ? "image" : "llm",
             image ? "text-to-image" : "chat", i, i, i % 400, i % 9 != 0, 4096 << i % 6, i, i,
             i * 37, image ? "image" : "token",
             image ? "\"{\\\"standard\\\":{\\\"512x512\\\":0.004,\\\"1024x1024\\\":0.008},"
                     "\\\"hd\\\":{\\\"1024x1024\\\":0.016}}\""
                   : "null",
             900 + i % 700, 8000 + i % 900, i % 900 + 1);
    pie_buf_add_text(out, row);
}

static void bench_work_jansson(struct bench_data *d)
{
    json_t *root = json_loadb(d->text.p, d->text.n, 0, NULL);
    bench_need(root != NULL);
    json_decref(root);
}

static void bench_work_parse(struct bench_data *d)
{
    struct apipie_catalog *c = NULL;
    bench_need(pie_catalog_parse(&pie_mem_libc, pie_buf_slice(&d->text), 0, &c) == APIPIE_OK);
    pie_catalog_drop(c);
}

static void bench_work_merge(struct bench_data *d)
{
    struct apipie_catalog *c = NULL;
    bench_need(pie_catalog_merge(&pie_mem_libc, d->base, d->c, &c) == APIPIE_OK);
    pie_catalog_drop(c);
}

static void bench_sort(struct bench_data *d, int32_t field)
{
    struct apipie_catalog *c = NULL;
    bench_need(pie_catalog_sort(d->c, field, 0, &c) == APIPIE_OK);
    bench_seen = pie_catalog_count(c);
    pie_catalog_drop(c);
}

static void bench_work_sort_number(struct bench_data *d)
{
    bench_sort(d, APIPIE_MODEL_INPUT_COST);
}

static void bench_work_sort_text(struct bench_data *d)
{
    bench_sort(d, APIPIE_MODEL_NAME);
}

static void bench_work_where(struct bench_data *d)
{
    struct apipie_catalog *a = NULL, *b = NULL;
    bench_need(pie_catalog_where_text(d->c, APIPIE_MODEL_TYPE, "image", &a) == APIPIE_OK);
    bench_need(pie_catalog_where_number(a, APIPIE_MODEL_PRICE, 0, APIPIE_DOLLAR, &b) == APIPIE_OK);
    bench_seen = pie_catalog_count(b);
    pie_catalog_drop(a);
    pie_catalog_drop(b);
}

static void bench_work_group(struct bench_data *d)
{
    struct apipie_catalog *group = NULL;
    bench_need(pie_catalog_group(d->c, APIPIE_MODEL_PROVIDER, 20, &group) == APIPIE_OK);
    bench_seen = pie_catalog_count(group);
    pie_catalog_drop(group);
}

static void bench_work_price(struct bench_data *d)
{
    for (size_t i = 0; i < BENCH_MODELS; i++)
        bench_seen = (size_t)pie_catalog_price(d->c, i, 1024, 1024, 0, "hd");
}

static void bench_ignore(void *user, int32_t kind, const char *provider, const char *model,
                         int64_t before, int64_t after)
{
    (void)user, (void)kind, (void)provider, (void)model, (void)before, (void)after;
    bench_seen++;
}

static void bench_work_diff(struct bench_data *d)
{
    bench_need(pie_catalog_diff(d->c, d->c, bench_ignore, NULL) == APIPIE_OK);
}

static double bench_run(struct bench_data *d, const char *what, void (*work)(struct bench_data *),
                        double reference)
{
    int64_t best = INT64_MAX;
    for (int run = 0; run < BENCH_RUNS; run++) {
        int64_t start = pie_clock_us();
        work(d);
        int64_t us = pie_clock_us() - start;
        best = us < best ? us : best;
    }
    printf("%-44s %9.2f ms", what, (double)best / 1000.0);
    if (reference > 0)
        printf("   %5.2f x jansson", (double)best / reference);
    printf("\n");
    return (double)best;
}

int main(void)
{
    struct bench_data d = {{0}, NULL, NULL};
    pie_buf_init(&d.text, &pie_mem_libc, (size_t)1 << 28);
    pie_buf_add_text(&d.text, "{\"object\":\"list\",\"data\":[");
    for (int i = 0; i < BENCH_MODELS; i++)
        bench_write_row(&d.text, i);
    pie_buf_add_text(&d.text, "]}");
    bench_need(pie_catalog_parse(&pie_mem_libc, pie_buf_slice(&d.text), 0, &d.c) == APIPIE_OK &&
               pie_catalog_count(d.c) == BENCH_MODELS && pie_catalog_warning_count(d.c) == 0);
    bench_need(pie_catalog_built_in(&pie_mem_libc, &d.base) == APIPIE_OK);
    printf("%d models, %zu bytes of JSON, best of %d\n", BENCH_MODELS, d.text.n, BENCH_RUNS);
    double reference = bench_run(&d, "jansson alone", bench_work_jansson, 0);
    bench_run(&d, "parsed", bench_work_parse, reference);
    bench_run(&d, "merged with the built-in ones", bench_work_merge, 0);
    bench_run(&d, "sorted by a number", bench_work_sort_number, 0);
    bench_run(&d, "sorted by a text", bench_work_sort_text, 0);
    bench_run(&d, "filtered by a text, then by a number", bench_work_where, 0);
    bench_run(&d, "one group of 23", bench_work_group, 0);
    bench_run(&d, "each priced", bench_work_price, 0);
    bench_run(&d, "compared with itself", bench_work_diff, 0);
    pie_catalog_drop(d.c);
    pie_catalog_drop(d.base);
    pie_buf_free(&d.text);
    return 0;
}
