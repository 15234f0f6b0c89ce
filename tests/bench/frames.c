/* SPDX-License-Identifier: MIT */
/* A frame loop at 60 Hz while pictures arrive: how long each poll takes. Arguments: base URL, CA file or "-", "caller" or "worker",
 * budget in us, "memory" or "drop", pictures, file that holds what each of them must be. Prints a line a frame: "up" or "down"
 * (whether all connections stood before it), us on the clock, us of CPU; then the ms it all took and the us of giving back. */
#include <apipie/apipie.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES_NS   16666667
#define FRAMES_MOST 20000
#define FRAMES_ASK  64

struct frames_sample {
    int64_t wall, cpu; /* ns */
    int32_t up;
};

/* What a picture must be, and how far a sink that drops it is. */
struct frames_sink {
    const uint8_t *want;
    size_t size, at;
    int32_t wrong;
};

struct frames {
    apipie_client *client;
    apipie_request *asked[FRAMES_ASK];
    struct frames_sink sinks[FRAMES_ASK];
    int32_t count, collected, drops;
    const uint8_t *want;
    size_t size;
    struct frames_sample *samples;
    size_t n;
};

static int64_t frames_now(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void frames_sleep_until(int64_t ns)
{
    struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void frames_read(struct frames *f, const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        exit(2);
    f->size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(f->size + 1);
    if (bytes == NULL || fread(bytes, 1, f->size, file) != f->size)
        exit(2);
    fclose(file);
    f->want = bytes;
}

static apipie_status frames_drop(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct frames_sink *s = user;
    (void)slot;
    if (size > s->size - s->at || memcmp(data, s->want + s->at, size) != 0) {
        s->wrong = 1;
        return APIPIE_E_SINK;
    }
    s->at += size;
    return APIPIE_OK;
}

static void frames_ask(struct frames *f, int32_t i)
{
    apipie_request *r = apipie_request_new(f->client, APIPIE_REQUEST_IMAGE);
    f->asked[i] = r;
    f->sinks[i] = (struct frames_sink){f->want, f->size, 0, 0};
    apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
    if (f->drops)
        apipie_request_set_sink(r, NULL, frames_drop, NULL, NULL, NULL, &f->sinks[i], NULL);
    if (apipie_request_submit(r) != APIPIE_OK)
        exit(1);
}

static int32_t frames_all_up(const struct frames *f)
{
    int32_t up = 1;
    for (int32_t i = 0; i < f->count; i++)
        up &= apipie_request_progress(f->asked[i], APIPIE_PROGRESS_PHASE) >= APIPIE_PHASE_SENDING;
    return up;
}

static void frames_one(struct frames *f)
{
    apipie_request *ended[FRAMES_ASK];
    int32_t n = 0;
    struct frames_sample *s = &f->samples[f->n++];
    s->up = frames_all_up(f);
    s->cpu = frames_now(CLOCK_THREAD_CPUTIME_ID);
    s->wall = frames_now(CLOCK_MONOTONIC);
    apipie_client_poll(f->client, 0);
    while (n < FRAMES_ASK && (ended[n] = apipie_client_next(f->client)) != NULL)
        n++;
    s->wall = frames_now(CLOCK_MONOTONIC) - s->wall;
    s->cpu = frames_now(CLOCK_THREAD_CPUTIME_ID) - s->cpu;
    f->collected += n;
    while (n > 0)
        apipie_request_unref(ended[--n]); /* f->asked holds another reference */
}

/* Whether picture i came byte for byte. */
static int32_t frames_right(const struct frames *f, int32_t i)
{
    size_t size = 0;
    if (apipie_request_status(f->asked[i]) != APIPIE_OK) {
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(f->asked[i])));
        return 0;
    }
    if (f->drops)
        return !f->sinks[i].wrong && f->sinks[i].at == f->size;
    const uint8_t *got = apipie_result_image_data(apipie_request_result(f->asked[i]), 0, &size);
    return got != NULL && size == f->size && memcmp(got, f->want, size) == 0;
}

static int32_t frames_finish(struct frames *f, int64_t began)
{
    int32_t right = 0;
    int64_t all = frames_now(CLOCK_MONOTONIC) - began;
    for (int32_t i = 0; i < f->count; i++)
        right += frames_right(f, i);
    int64_t back = frames_now(CLOCK_MONOTONIC);
    for (int32_t i = 0; i < f->count; i++)
        apipie_request_unref(f->asked[i]);
    back = frames_now(CLOCK_MONOTONIC) - back;
    for (size_t i = 0; i < f->n; i++)
        printf("%s %.1f %.1f\n", f->samples[i].up ? "up" : "down", (double)f->samples[i].wall / 1e3,
               (double)f->samples[i].cpu / 1e3);
    printf("took %.0f %.0f\n", (double)all / 1e6, (double)back / 1e3);
    return right == f->count;
}

int main(int argc, char **argv)
{
    static struct frames f;
    if (argc < 8 || atoi(argv[6]) < 1 || atoi(argv[6]) > FRAMES_ASK)
        return 2;
    frames_read(&f, argv[7]);
    f.count = atoi(argv[6]);
    f.drops = strcmp(argv[5], "drop") == 0;
    f.samples = calloc(FRAMES_MOST, sizeof(*f.samples));
    f.client = apipie_client_new(NULL);
    apipie_client_set_key(f.client, "bench");
    apipie_client_set_base_url(f.client, argv[1]);
    apipie_client_set_max_in_flight(f.client, f.count);
    apipie_client_set_poll_budget(f.client, atoi(argv[4]));
    if (strcmp(argv[2], "-") != 0)
        apipie_client_set_ca_file(f.client, argv[2]);
    if (strcmp(argv[3], "worker") == 0 && apipie_client_start_worker(f.client) != APIPIE_OK)
        return 2;
    int64_t began = frames_now(CLOCK_MONOTONIC);
    int64_t next = began;
    for (int32_t i = 0; i < f.count; i++)
        frames_ask(&f, i);
    while (f.collected < f.count && f.n < FRAMES_MOST) {
        frames_one(&f);
        next += FRAMES_NS;
        frames_sleep_until(next);
    }
    int32_t right = frames_finish(&f, began);
    apipie_client_unref(f.client);
    free(f.samples);
    free((void *)(uintptr_t)f.want);
    return right ? 0 : 1;
}
