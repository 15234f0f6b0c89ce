/* SPDX-License-Identifier: MIT */
/* Every allocation that the library makes through the host's allocator fails once: the call ends with a clean status,
 * nothing leaks, and the client draws on. Knows the public API alone. */
#include "../support/draw.h"
#include "../support/scarce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Most allocations that a call may need: beyond it the sweep has no end. */
#define SWEEP_MAX 5000

/* Who watches stands for a block: it is freed exactly once. */
static void watch_log(void *user, int32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

static void watch_trace(void *user, const apipie_request *request, size_t index)
{
    (void)user;
    (void)apipie_request_attempt_message(request, index);
}

static void watch_free(void *user)
{
    struct scarce *m = user;
    atomic_fetch_sub(&m->alive, 1);
}

static void watch(struct scarce *m, apipie_client *client)
{
    atomic_fetch_add(&m->alive, 2);
    apipie_client_set_log(client, APIPIE_LOG_PROMPT, watch_log, m, watch_free);
    apipie_client_set_trace(client, watch_trace, m, watch_free);
}

/* What a row is about besides its reply. */
enum { SWEEP_PLAIN, SWEEP_TO_FILE, SWEEP_INPUTS, SWEEP_UPLOADS, SWEEP_UPLOAD };

/* What is swept, and how it ends when nothing fails. */
struct sweep {
    const char *name;
    struct draw_reply reply;
    int32_t with;
    apipie_status want;
};

static char sweep_input[64];

/* An answer to an upload, and to the call. */
#define SHARED "{\"url\":\"/temp/a.png\",\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"

static const struct sweep sweeps[] = {
    {"base64 to memory",
     {200, NULL,
      "{\"data\":[{\"b64_json\":\"" PNG1 "\",\"revised_prompt\":\"x\"}],\"usage\":{"
      "\"cost\":\"0.04\"},\"created\":1}"},
     SWEEP_PLAIN,
     APIPIE_OK},
    {"url to memory",
     {200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"}]}"},
     SWEEP_PLAIN,
     APIPIE_OK},
    {"base64 to a file", {200, NULL, ONE_IMAGE}, SWEEP_TO_FILE, APIPIE_OK},
    {"an error",
     {400, NULL,
      "{\"error\":{\"message\":\"bad size\",\"code\":\"invalid_parameter\",\"param\":\"size\"}}"},
     SWEEP_PLAIN,
     APIPIE_E_PARAMETER},
    {"a broken reply",
     {200, NULL, "{\"data\":[{\"b64_json\":\"iVBORw0KGgo!\"}]}"},
     SWEEP_PLAIN,
     APIPIE_E_MALFORMED},
    {"pictures that go with it", {200, NULL, ONE_IMAGE}, SWEEP_INPUTS, APIPIE_OK},
    {"pictures that are uploaded", {200, NULL, SHARED}, SWEEP_UPLOADS, APIPIE_OK},
    {"no uploads there", {404, NULL, "{}"}, SWEEP_UPLOADS, APIPIE_E_NOT_FOUND},
    {"an upload", {200, NULL, SHARED}, SWEEP_UPLOAD, APIPIE_OK},
    {"an upload without a URL", {200, NULL, "{}"}, SWEEP_UPLOAD, APIPIE_E_MALFORMED},
};

/* What cannot be had is left out: a call to this machine needs none of it. */
static void sweep_way(apipie_client *client)
{
    apipie_client_set_header(client, "X-Own", "1");
    apipie_client_set_header(client, "x-own", "2");
    apipie_client_set_user_agent(client, "Game/1");
    apipie_client_set_proxy(client, "http://kate:secret@proxy.invalid:3128");
    apipie_client_set_ca_file(client, "ca.pem");
    apipie_client_set_ca_pem(
        client, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", APIPIE_NTS);
    apipie_client_set_certificate(client, "me.pem", "me.key", "secret");
    apipie_client_set_interface(client, "lo");
}

static apipie_client *sweep_client(struct draw *d, struct scarce *memory)
{
    const apipie_allocator a = SCARCE_TABLE(memory);
    apipie_client *client = apipie_client_new(&a);
    apipie_client_set_retry(client, APIPIE_RETRY_NEVER, 0);
    watch(memory, client);
    sweep_way(client);
    if (apipie_client_set_key(client, DRAW_KEY) == APIPIE_OK &&
        apipie_client_set_base_url(client, raw_server_base(d->server)) == APIPIE_OK)
        return client;
    apipie_client_unref(client);
    return NULL;
}

/* By file, bytes and URL, replaced, and copied with the request. */
static apipie_request *sweep_inputs(apipie_request *r, int32_t transfer)
{
    uint8_t bytes[200];
    size_t n = draw_decode(PNG1, bytes);
    apipie_request_set_input_transfer(r, transfer);
    apipie_request_add_image_url(r, "https://example.com/a.png");
    apipie_request_add_image_bytes(r, bytes, n);
    apipie_request_set_image_file(r, sweep_input);
    apipie_request_set_mask_bytes(r, bytes, n);
    apipie_request_set_mask_file(r, sweep_input);
    apipie_request *copy = apipie_request_copy(r);
    apipie_request_unref(r);
    return copy;
}

static apipie_request *sweep_request(apipie_client *client, const struct sweep *s, const char *path)
{
    int32_t draws = s->with != SWEEP_UPLOAD;
    apipie_request *r =
        apipie_request_new(client, draws ? APIPIE_REQUEST_IMAGE : APIPIE_REQUEST_UPLOAD);
    if (draws)
        apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
    else
        apipie_request_set_image_file(r, sweep_input);
    apipie_request_set_model(r, "m");
    apipie_request_set_traceparent(r, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    apipie_request_set_size(r, 512, 512);
    apipie_request_set_extra(r, "x", "{\"y\":[1,2]}");
    apipie_request_set_header(r, "X-Mine", "1");
    if (s->with == SWEEP_TO_FILE)
        apipie_request_set_output_file(r, path);
    if (s->with == SWEEP_UPLOADS)
        return sweep_inputs(r, APIPIE_TRANSFER_AUTO);
    return s->with == SWEEP_INPUTS ? sweep_inputs(r, APIPIE_TRANSFER_INLINE) : r;
}

/* What is wrong with the end of a call, or NULL: it must be the whole picture, the expected failure, or no memory. */
static const char *end_problem(const struct sweep *s, const apipie_request *r, const char *path)
{
    apipie_status status = apipie_request_status(r);
    int exists = remove(path) == 0;
    if (status == APIPIE_OK && s->with == SWEEP_UPLOAD)
        return apipie_result_image_url(apipie_request_result(r), 0) ? NULL : "no URL";
    if (status == APIPIE_OK) {
        if (apipie_result_image_size(apipie_request_result(r), 0) != 86)
            return "a success without the whole picture";
        return exists == (s->with == SWEEP_TO_FILE) ? NULL : "a success without the file";
    }
    if (status != s->want && status != APIPIE_E_MEMORY)
        return apipie_status_name(status);
    if (exists)
        return "a failure that leaves a file";
    return strlen(apipie_error_message(apipie_request_error(r))) > 0 ? NULL : "no message";
}

/* The second time without a failure. */
static const char *perform_twice(struct draw *d, struct scarce *memory, const char *path)
{
    const struct sweep *s = d->row;
    int32_t before = raw_server_count(d->server, "POST");
    int32_t most = s->with == SWEEP_UPLOADS
                       ? 3
                       : 1; /* where the URL cannot be kept, the mask is taken there too */
    d->request = sweep_request(d->client, s, path);
    (void)apipie_request_perform(d->request);
    const char *problem = d->request ? end_problem(s, d->request, path) : NULL;
    if (raw_server_count(d->server, "POST") > before + most)
        problem = "sent twice";
    d->request = apipie_request_unref(d->request);
    scarce_give_all(memory);
    if (!d->client || problem)
        return problem;
    d->request = sweep_request(d->client, s, path);
    if (apipie_request_perform(d->request) != s->want)
        problem = "the client is of no use afterwards";
    else
        problem = end_problem(s, d->request, path);
    d->request = apipie_request_unref(d->request);
    return problem;
}

/* One call with allocation number n refused; 0 when the call needed fewer. */
static int sweep_once(struct draw *d, int64_t n, const char *path, int32_t *problems)
{
    struct scarce memory = {0};
    scarce_refuse(&memory, n);
    d->client = sweep_client(d, &memory);
    const char *problem = perform_twice(d, &memory, path);
    d->client = apipie_client_unref(d->client);
    if (!problem && memory.alive != 0)
        problem = "blocks leak";
    if (problem)
        print_error("allocation %d refused: %s\n", (int)n, problem);
    *problems += problem != NULL;
    return memory.refused != 0;
}

static void sweep_write_input(void)
{
    uint8_t bytes[200];
    size_t n = draw_decode(PNG1, bytes);
    FILE *out = fopen(sweep_input, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static void every_allocation_fails_once(void **state)
{
    struct draw *d = *state;
    const struct sweep *s = d->row;
    char folder[] = "/tmp/apipie-oom-XXXXXX", path[64];
    int64_t n = 1;
    int32_t problems = 0;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/lake.png", folder);
    snprintf(sweep_input, sizeof sweep_input, "%s/in.png", folder);
    sweep_write_input();
    d->reply = s->reply;
    d->script = (struct draw_script){&d->reply, 1};
    d->server = raw_server_start(draw_handler, &d->script);
    while (n < SWEEP_MAX && sweep_once(d, n, path, &problems))
        n++;
    print_message("%d allocations\n", (int)n - 1);
    assert_int_equal(remove(sweep_input), 0);
    assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
    assert_int_equal(problems, 0);
    assert_true(n > 10);
    assert_true(n < SWEEP_MAX);
}

int main(void)
{
    return DRAW_ROWS(every_allocation_fails_once, sweeps);
}
