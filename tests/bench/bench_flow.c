/* SPDX-License-Identifier: MIT */
/* How fast the body path is, beside memcpy and memchr in the same run. Prints; never fails for being slow. */
#include "flow/flow.h"

#include <stdio.h>
#include <stdlib.h>

#define BENCH_IMAGE ((size_t)48 << 20)
#define BENCH_TEXT  ((size_t)64 << 20)
#define BENCH_CHUNK ((size_t)256 << 10)
#define BENCH_RUNS  5

static volatile size_t bench_seen; /* keeps results alive */

static void *bench_need(void *p)
{
    if (p == NULL) {
        fputs("out of memory\n", stderr);
        exit(2);
    }
    return p;
}

static double bench_report(const char *what, size_t bytes, int64_t best_us, double reference)
{
    double speed = (double)bytes / (double)(best_us > 0 ? best_us : 1) / 1000.0;
    printf("%-44s %7.2f GB/s", what, speed);
    if (reference > 0)
        printf("   %5.2f x the reference's time", reference / speed);
    printf("\n");
    return speed;
}

struct bench_data {
    uint8_t *image;
    char *base64;
    size_t base64_n;
    char *reply; /* the base64 in its envelope */
    size_t reply_n;
    char *list; /* envelope text without a picture */
    size_t list_n;
    char *form; /* the picture as the part of a multipart body */
    size_t form_n;
    uint8_t *out;
    struct pie_buf rest;
};

static void bench_work_copy(struct bench_data *d)
{
    memcpy(d->out, d->base64, d->base64_n);
    bench_seen = d->out[d->base64_n - 1];
}

static void bench_work_find(struct bench_data *d)
{
    bench_seen = memchr(d->base64, '"', d->base64_n) == NULL;
}

static void bench_work_decode(struct bench_data *d)
{
    struct pie_base64 state;
    pie_base64_init(&state);
    for (size_t i = 0; i < d->base64_n; i += BENCH_CHUNK) {
        size_t n = d->base64_n - i < BENCH_CHUNK ? d->base64_n - i : BENCH_CHUNK;
        size_t got = 0;
        pie_base64_decode(&state, d->base64 + i, n, d->out, &got);
        bench_seen = got;
    }
}

static apipie_status bench_drop(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)user;
    (void)slot;
    bench_seen = data[size - 1];
    return APIPIE_OK;
}

/* A reply through the whole chain, into a sink that drops it. type: its Content-Type, or NULL. */
static void bench_chain(const char *type, const char *reply, size_t reply_n)
{
    static const struct pie_path paths[] = {{"data[].b64_json", PIE_PATH_IMAGE}, {NULL, 0}};
    struct pie_headers headers;
    struct pie_wish wish;
    struct pie_sink *sink = NULL;
    struct pie_body *body = NULL;
    pie_wish_init(&wish, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    wish.output = PIE_OUTPUT_HOST;
    wish.sink.write = bench_drop;
    if (pie_sink_new(&pie_mem_libc, &wish, &sink) != APIPIE_OK ||
        pie_body_new(&pie_mem_libc, sink, UINT64_MAX, &body) != APIPIE_OK)
        bench_need(NULL);
    pie_body_reset(body, paths, 0, 0);
    struct pie_writer *w = pie_body_writer(body);
    pie_headers_init(&headers, &pie_mem_libc);
    if (type != NULL)
        pie_headers_add(&headers, pie_slice_text("Content-Type"), pie_slice_text(type));
    w->type->head(w, 200, &headers);
    for (size_t i = 0; i < reply_n; i += BENCH_CHUNK) {
        size_t n = reply_n - i < BENCH_CHUNK ? reply_n - i : BENCH_CHUNK;
        w->type->write(w, (const uint8_t *)reply + i, n);
    }
    pie_body_finish(body, 1);
    size_t parts = 0;
    if (pie_body_parts(body, &parts)->size != BENCH_IMAGE)
        fputs("the chain lost bytes\n", stderr);
    pie_body_free(body);
    pie_headers_free(&headers);
    sink->type->close(sink);
    pie_wish_free(&wish);
}

static void bench_work_chain(struct bench_data *d)
{
    bench_chain(NULL, d->reply, d->reply_n);
}

static void bench_work_form(struct bench_data *d)
{
    bench_chain("multipart/form-data; boundary=bench", d->form, d->form_n);
}

static void bench_work_split(struct bench_data *d)
{
    pie_buf_clear(&d->rest);
    if (pie_json_safe(&pie_mem_libc, pie_slice(d->list, d->list_n), &d->rest, NULL) != APIPIE_OK)
        fputs("the splitter failed\n", stderr);
    bench_seen = d->rest.n;
}

static int64_t bench_best(void (*work)(struct bench_data *d), struct bench_data *d)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < BENCH_RUNS; i++) {
        int64_t start = pie_clock_us();
        work(d);
        int64_t took = pie_clock_us() - start;
        best = took < best ? took : best;
    }
    return best;
}

static void bench_make_image(struct bench_data *d)
{
    static const char before[] = "{\"created\":1,\"data\":[{\"b64_json\":\"";
    static const char after[] = "\"}],\"usage\":{\"cost\":0.008}}";
    d->image = bench_need(malloc(BENCH_IMAGE));
    pie_random(d->image, BENCH_IMAGE);
    memcpy(d->image, "\x89PNG\r\n\x1a\n", 8);
    d->base64_n = (size_t)pie_base64_length(BENCH_IMAGE);
    d->reply = bench_need(malloc(d->base64_n + sizeof(before) + sizeof(after)));
    d->base64 = d->reply + sizeof(before) - 1;
    memcpy(d->reply, before, sizeof(before) - 1);
    pie_base64_encode(d->image, BENCH_IMAGE, d->base64);
    memcpy(d->base64 + d->base64_n, after, sizeof(after) - 1);
    d->reply_n = d->base64_n + sizeof(before) + sizeof(after) - 2;
    d->out = bench_need(malloc(d->base64_n + 16));
}

static void bench_make_form(struct bench_data *d)
{
    static const char before[] = "--bench\r\nContent-Type: image/png\r\n\r\n";
    static const char after[] = "\r\n--bench--\r\n";
    d->form = bench_need(malloc(BENCH_IMAGE + sizeof(before) + sizeof(after)));
    memcpy(d->form, before, sizeof(before) - 1);
    memcpy(d->form + sizeof(before) - 1, d->image, BENCH_IMAGE);
    memcpy(d->form + sizeof(before) - 1 + BENCH_IMAGE, after, sizeof(after) - 1);
    d->form_n = BENCH_IMAGE + sizeof(before) + sizeof(after) - 2;
}

static void bench_make_list(struct bench_data *d, const char *item)
{
    size_t n = strlen(item);
    d->list = bench_need(malloc(BENCH_TEXT + n));
    d->list_n = 0;
    d->list[d->list_n++] = '[';
    while (d->list_n < BENCH_TEXT) {
        memcpy(d->list + d->list_n, item, n);
        d->list_n += n;
    }
    d->list[d->list_n - 1] = ']';
}

int main(void)
{
    static const char models[] =
        "{\"id\":\"stable-diffusion-xl-base-1.0\",\"provider\":\"deepinfra\",\"enabled\":1,"
        "\"description\":\"A text to image model for high resolution pictures, fast and cheap\","
        "\"input_cost\":\"0.0000001260\",\"latency\":5200.25,\"subtype\":null},";
    static const char prose[] =
        "{\"revised_prompt\":\"A serene landscape with mountains reflected in a calm lake at "
        "sunset, "
        "wide angle, golden light over snow, a small wooden boat in front, drifting fog between "
        "the "
        "pines, painted in oil with visible strokes, muted colours, high detail, no people\"},";
    struct bench_data d;
    memset(&d, 0, sizeof(d));
    pie_buf_init(&d.rest, &pie_mem_libc, 3 * BENCH_TEXT);
    bench_make_image(&d);
    double copy = bench_report("memcpy", d.base64_n, bench_best(bench_work_copy, &d), 0);
    double find = bench_report("memchr", d.base64_n, bench_best(bench_work_find, &d), 0);
    bench_report("base64 decoder (characters; memcpy)", d.base64_n,
                 bench_best(bench_work_decode, &d), copy);
    bench_report("48 MiB picture, whole chain (body; memcpy)", d.reply_n,
                 bench_best(bench_work_chain, &d), copy);
    bench_make_form(&d);
    bench_report("48 MiB picture in a multipart body (memchr)", d.form_n,
                 bench_best(bench_work_form, &d), find);
    free(d.form);
    bench_make_list(&d, models);
    bench_report("splitter, list of models (memchr)", d.list_n, bench_best(bench_work_split, &d),
                 find);
    free(d.list);
    bench_make_list(&d, prose);
    bench_report("splitter, long texts (memchr)", d.list_n, bench_best(bench_work_split, &d), find);
    free(d.list);
    free(d.image);
    free(d.reply);
    free(d.out);
    pie_buf_free(&d.rest);
    return 0;
}
