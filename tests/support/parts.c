/* SPDX-License-Identifier: MIT */
/* Behind parts.h: knows the public API and the raw server, no test. */
#include "parts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const parts_pictures[PARTS_IMAGES] = {PNG1, PNG2, PNG3, PNG1};

int32_t parts_of(const struct raw_request *q)
{
    char seed[32];
    draw_field(q, "seed", seed, sizeof seed);
    int32_t part = (int32_t)strtol(seed, NULL, 10) - PARTS_SEED;
    return part >= 0 && part < PARTS_IMAGES ? part : 0;
}

/* Work that begins together and ends in the opposite order. */
static void parts_work(struct raw_conn *c, const struct parts_plan *plan, int32_t part)
{
    raw_work(c, 1);
    for (int i = 0; i < 1000 && raw_server_count(raw_server_of(c), "POST") < plan->gather; i++)
        raw_pause_ms(c, 5);
    raw_pause_ms(c, plan->slow_ms + (plan->gather > 0 ? 20 * (PARTS_IMAGES - part) : 0));
    raw_work(c, -1);
}

static void parts_send_picture(struct raw_conn *c, const struct parts_plan *plan, int32_t part)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"data\":[{\"b64_json\":\"%s\"}]}", parts_pictures[part]);
    if (plan->by_url)
        snprintf(body, sizeof body, "{\"data\":[{\"url\":\"/pics/%d\"}]}", (int)part);
    raw_reply_json(c, 200, body);
}

static void parts_one_each(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct parts_plan *plan = user;
    char n[32];
    int32_t part = parts_of(q);
    draw_field(q, "n", n, sizeof n);
    if (strcmp(q->method, "GET") == 0) {
        draw_send_picture(c, parts_pictures[strtol(q->path + strlen("/pics/"), NULL, 10) & 3],
                          "image/png");
        return;
    }
    if (n[0] && strcmp(n, "1") != 0) {
        raw_reply_json(c, 400, PARTS_ONE_EACH);
        return;
    }
    parts_work(c, plan, part);
    if (part >= PARTS_IMAGES - plan->stall)
        raw_stall(c);
    else if (plan->replies[part] && (!plan->once || draw_try(c, q) == 1) &&
             draw_nth(c, q, "\"model\":\"B\"") == 0)
        draw_send_reply(c, plan->replies[part]);
    else
        parts_send_picture(c, plan, part);
}

void parts_ask(struct draw *d)
{
    draw_again(d);
    apipie_request_set_n(d->request, PARTS_IMAGES);
    apipie_request_set_seed(d->request, PARTS_SEED);
}

void parts_serve(struct draw *d, const struct parts_plan *plan)
{
    draw_serve(d, parts_one_each, (void *)(uintptr_t)plan);
    parts_ask(d);
}

void parts_assert_all(const struct draw *d)
{
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_image_count(r), PARTS_IMAGES);
    for (size_t i = 0; i < PARTS_IMAGES; i++)
        draw_assert_image(r, i, parts_pictures[i], "image/png");
    assert_int_equal(apipie_result_warning_count(r), 0);
    assert_int_equal(apipie_result_billed(r), APIPIE_BILLED_YES);
}

/* ---- a folder */

static char parts_path[64];

void parts_make_folder(void)
{
    strcpy(parts_path, "/tmp/apipie-parts-XXXXXX");
    assert_non_null(mkdtemp(parts_path));
}

const char *parts_folder(void)
{
    return parts_path;
}

const char *parts_in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", parts_path, name);
    return path;
}

int parts_entries(int drop)
{
    int n = 0;
    DIR *dir = opendir(parts_path);
    for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.' && (e->d_name[1] == 0 || e->d_name[1] == '.'))
            continue;
        n++;
        if (drop)
            unlink(parts_in_folder(e->d_name));
    }
    closedir(dir);
    if (drop)
        rmdir(parts_path);
    return n;
}

void parts_assert_file(const char *path, const char *base64)
{
    uint8_t want[1024], got[1024];
    size_t n = draw_decode(base64, want);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t have = fread(got, 1, sizeof got, f);
    fclose(f);
    assert_int_equal(have, n);
    assert_memory_equal(got, want, n);
}

/* ---- a sink */

static apipie_status parts_host_begin(void *user, uint32_t slot, const char *mime)
{
    struct parts_host *h = user;
    h->odd += slot >= 16 || strcmp(mime, "image/png") != 0 || h->at[slot & 15] > 0;
    h->size[slot & 15] = 0;
    return APIPIE_OK;
}

static apipie_status parts_host_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct parts_host *h = user;
    if (h->size[slot & 15] + size > 1024)
        return APIPIE_E_INTERNAL;
    memcpy(h->bytes[slot & 15] + h->size[slot & 15], data, size);
    h->size[slot & 15] += size;
    return APIPIE_OK;
}

static apipie_status parts_host_commit(void *user, uint32_t slot, size_t index)
{
    struct parts_host *h = user;
    h->odd += h->at[slot & 15] != 0;
    h->at[slot & 15] = (int32_t)index + 1;
    return APIPIE_OK;
}

static void parts_host_abort(void *user, uint32_t slot)
{
    struct parts_host *h = user;
    h->odd += h->at[slot & 15] > 0;
    h->at[slot & 15] = -1;
}

int32_t parts_committed(const struct parts_host *h)
{
    int32_t n = 0;
    for (int slot = 0; slot < 16; slot++) {
        uint8_t want[1024];
        if (h->at[slot] <= 0)
            continue;
        assert_int_equal(h->size[slot], draw_decode(parts_pictures[h->at[slot] - 1], want));
        assert_memory_equal(h->bytes[slot], want, h->size[slot]);
        n++;
    }
    assert_int_equal(h->odd, 0);
    return n;
}

void parts_set_host(apipie_request *r, struct parts_host *h)
{
    assert_status(apipie_request_set_sink(r, parts_host_begin, parts_host_write, NULL,
                                          parts_host_commit, parts_host_abort, h, NULL),
                  APIPIE_OK);
}
