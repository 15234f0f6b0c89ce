/* SPDX-License-Identifier: MIT */
/* Pictures that a request brings with it: as bytes, as files that are read while they are sent, as URLs; and a mask. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "../support/draw.h"
#include "../support/tape.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL "https://example.com/a.png"

static void make_file(const char *path, size_t n)
{
    uint8_t *bytes = calloc(1, n + 128);
    assert_non_null(bytes);
    for (size_t i = draw_decode(PNG1, bytes); i < n; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    tape_write(path, bytes, n);
    free(bytes);
}

/* A picture of that many bytes in the test's folder; the path lives until the fourth call after it. */
static const char *fresh_file(const char *name, size_t n)
{
    const char *path = tape_path(name);
    make_file(path, n);
    return path;
}

static struct draw *serve(void **state)
{
    struct draw *d = *state;
    tape_fresh();
    draw_serve_json(d, ONE_IMAGE);
    return d;
}

static void perform(struct draw *d)
{
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

static const struct raw_request *sent(struct draw *d, int32_t index)
{
    const struct raw_request *q = raw_server_request(d->server, index);
    assert_non_null(q);
    return q;
}

/* ---- the same bytes, wherever they come from */

struct size {
    const char *name;
    size_t n;
};

static const struct size sizes[] = {{"86 bytes", 86}, {"87 bytes", 87},   {"88 bytes", 88},
                                    {"6143", 6143},   {"6144", 6144},     {"6145", 6145},
                                    {"65536", 65536}, {"1 MiB", 1048576}, {"5 MB", 5000001}};

static void a_file_goes_out_as_its_bytes_do(void **state)
{
    struct draw *d = serve(state);
    size_t n = 0;
    const char *path = fresh_file("in.png", ((const struct size *)d->row)->n);
    char *bytes = tape_read(path, &n);
    assert_status(apipie_request_set_image_bytes(d->request, bytes, n), APIPIE_OK);
    perform(d);
    draw_again(d);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    perform(d);
    char *base64 = draw_encode(bytes, n);
    assert_int_equal(sent(d, 0)->body_size, sent(d, 1)->body_size);
    assert_memory_equal(sent(d, 0)->body, sent(d, 1)->body, sent(d, 1)->body_size);
    int32_t found = strstr(sent(d, 1)->body, base64) != NULL;
    free(base64);
    free(bytes);
    assert_true(found);
    assert_contains(sent(d, 1)->body, "\"image\":\"data:image/png;base64,iVBOR");
}

/* Of each kind a picture and a mask. */
static void a_mask_goes_with_it(void **state)
{
    struct draw *d = serve(state);
    uint8_t gif[200];
    size_t n = draw_decode(GIF1, gif);
    const char *path = fresh_file("in.png", 86);
    assert_status(apipie_request_set_mask_bytes(d->request, gif, n), APIPIE_OK);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_set_strength(d->request, 0.25), APIPIE_OK);
    perform(d);
    assert_contains(sent(d, 0)->body, "\"strength\":0.25");
    assert_contains(sent(d, 0)->body, ",\"mask\":\"data:image/gif;base64," GIF1 "\"}");
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "documents no masks");
    draw_again(d);
    assert_status(apipie_request_set_mask_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_set_image_url(d->request, URL), APIPIE_OK);
    perform(d);
    assert_contains(sent(d, 1)->body, "\"image\":\"" URL "\",\"mask\":\"data:image/png;base64,iVB");
    draw_again(d);
    assert_status(apipie_request_set_image_bytes(d->request, gif, n), APIPIE_OK);
    assert_status(apipie_request_set_mask_url(d->request, URL), APIPIE_OK);
    perform(d);
    assert_contains(sent(d, 2)->body, "base64," GIF1 "\",\"mask\":\"" URL "\"}");
    draw_again(d);
    assert_status(apipie_request_set_mask_url(d->request, URL), APIPIE_OK);
    assert_status(apipie_request_set_mask_file(d->request, NULL), APIPIE_OK);
    perform(d); /* without one there is nothing to warn of */
    draw_assert_one(d, 0);
    assert_lacks(sent(d, 3)->body, "mask");
}

static void the_last_setter_counts(void **state)
{
    struct draw *d = serve(state);
    uint8_t gif[200];
    size_t n = draw_decode(GIF1, gif);
    const char *path = fresh_file("in.png", 86);
    assert_status(apipie_request_add_image_url(d->request, URL "?first"), APIPIE_OK);
    assert_status(apipie_request_add_image_bytes(d->request, gif, n), APIPIE_OK);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_set_image_url(d->request, URL), APIPIE_OK);
    perform(d);
    assert_contains(sent(d, 0)->body, "\"image\":\"" URL "\"}");
    draw_again(d);
    assert_status(apipie_request_set_image_url(d->request, URL), APIPIE_OK);
    assert_status(apipie_request_set_image_bytes(d->request, NULL, 0), APIPIE_OK);
    perform(d);
    assert_lacks(sent(d, 1)->body, "image\":");
    draw_again(d);
    assert_status(apipie_request_add_image_file(d->request, path), APIPIE_OK); /* the first one */
    perform(d);
    assert_contains(sent(d, 2)->body, "\"image\":\"data:image/png;base64,");
}

static void a_copy_brings_the_same(void **state)
{
    struct draw *d = serve(state);
    const char *path = fresh_file("in.png", 70000);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_set_mask_file(d->request, path), APIPIE_OK);
    perform(d);
    apipie_request *copy = apipie_request_copy(d->request);
    apipie_request_unref(d->request);
    d->request = copy;
    perform(d);
    assert_int_equal(sent(d, 0)->body_size, sent(d, 1)->body_size);
    assert_memory_equal(sent(d, 0)->body, sent(d, 1)->body, sent(d, 1)->body_size);
}

static void a_path_is_of_the_folder_it_was_set_in(void **state)
{
    struct draw *d = serve(state);
    char here[4096];
    (void)fresh_file("in.png", 86);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(tape_path(".")), 0);
    apipie_status status = apipie_request_set_image_file(d->request, "in.png");
    assert_int_equal(chdir(here), 0);
    assert_status(status, APIPIE_OK);
    perform(d);
    assert_contains(sent(d, 0)->body, "\"image\":\"data:image/png;base64,iVBOR");
}

/* ---- what cannot be asked for: nothing is sent */

static void need_refusal(struct draw *d, apipie_status want, const char *word)
{
    assert_status(apipie_request_perform(d->request), want);
    assert_contains(apipie_error_message(draw_error(d)), word);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    draw_again(d);
}

static void the_gateway_takes_one(void **state)
{
    struct draw *d = serve(state);
    apipie_request_set_image_url(d->request, URL);
    apipie_request_add_image_url(d->request, URL);
    need_refusal(d, APIPIE_E_UNSUPPORTED,
                 "add_image: servers of this kind take one input image: apipie");
    apipie_request_set_mask_url(d->request, URL);
    need_refusal(d, APIPIE_E_ARGUMENT, "set_mask: there is no input image");
    for (int i = 0; i < APIPIE_LIMIT_IMAGES; i++)
        assert_status(apipie_request_add_image_url(d->request, URL), APIPIE_OK);
    assert_status(apipie_request_add_image_url(d->request, URL), APIPIE_E_LIMIT);
    need_refusal(d, APIPIE_E_LIMIT, "add_image_url: there are APIPIE_LIMIT_IMAGES already");
    assert_status(apipie_request_add_image_url(d->request, NULL), APIPIE_E_ARGUMENT);
    need_refusal(d, APIPIE_E_ARGUMENT, "add_image_url");
    apipie_request_set_image_url(d->request, URL);
    apipie_request_set_extra(d->request, "mask", "1"); /* by hand, as it could be done before */
    perform(d);
    assert_contains(sent(d, 0)->body, "\"mask\":1");
    draw_again(d);
    apipie_request_set_image_url(d->request, URL);
    apipie_request_set_mask_url(d->request, URL);
    apipie_request_set_extra(d->request, "mask", "1");
    assert_status(apipie_request_perform(d->request), APIPIE_E_ARGUMENT);
    assert_contains(apipie_error_message(draw_error(d)), "mask");
}

/* By the user's choice, with a warning each. */
static void what_is_too_many_is_left_out(void **state)
{
    struct draw *d = serve(state);
    apipie_request_set_unsupported(d->request, APIPIE_UNSUPPORTED_DROP);
    apipie_request_set_image_url(d->request, URL "?1");
    apipie_request_add_image_url(d->request, URL "?2");
    apipie_request_set_mask_url(d->request, URL "?m");
    perform(d);
    assert_contains(sent(d, 0)->body, "\"image\":\"" URL "?1\",\"mask\":\"" URL "?m\"}");
    draw_assert_one(d, 2);
    assert_contains(apipie_result_warning(draw_result(d), 0), "add_image: the server does not");
    assert_contains(apipie_result_warning(draw_result(d), 1), "set_mask: the gateway documents no");
}

static void no_file(const char *path)
{
    unlink(path);
}

static void a_folder(const char *path)
{
    unlink(path);
    mkdir(path, 0700);
}

static void a_pipe(const char *path)
{
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void an_empty_file(const char *path)
{
    tape_write(path, "", 0);
}

static void a_text(const char *path)
{
    tape_write(path, "hello, world", 12);
}

static void a_giant(const char *path)
{
    assert_int_equal(truncate(path, (off_t)APIPIE_LIMIT_INPUT + 1), 0);
}

static const struct bad_file {
    const char *name;
    void (*make)(const char *path);
    apipie_status want;
    const char *word;
} bad_files[] = {
    {"no file", no_file, APIPIE_E_FILE, "no such file or folder: "},
    {"a folder", a_folder, APIPIE_E_FILE, "it is no regular file: "},
    {"a pipe", a_pipe, APIPIE_E_FILE, "it is no regular file: "},
    {"an empty file", an_empty_file, APIPIE_E_FILE, "it is empty: "},
    {"a text", a_text, APIPIE_E_ARGUMENT, "the bytes are no PNG"},
    {"a giant", a_giant, APIPIE_E_FILE, "it is larger than APIPIE_LIMIT_INPUT: "},
};

static void a_bad_file_is_found_at_once(void **state)
{
    struct draw *d = serve(state);
    const struct bad_file *row = d->row;
    const char *path = fresh_file("in.png", 86);
    row->make(path);
    assert_status(apipie_request_set_image_file(d->request, path), row->want);
    assert_contains(apipie_error_message(apipie_request_error(d->request)), path);
    need_refusal(d, row->want, row->word);
    assert_status(apipie_request_add_image_file(d->request, path), row->want);
    need_refusal(d, row->want, "add_image_file: ");
    assert_status(apipie_request_set_mask_file(d->request, path), row->want);
    need_refusal(d, row->want, "set_mask_file: ");
    if (unlink(path) != 0)
        rmdir(path);
}

static void a_path_of_its_own_kind(void **state)
{
    struct draw *d = serve(state);
    char name[APIPIE_LIMIT_TEXT + 2];
    assert_status(apipie_request_set_image_file(d->request, ""), APIPIE_E_ARGUMENT);
    draw_again(d);
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_status(apipie_request_set_image_file(d->request, name), APIPIE_E_ARGUMENT);
    draw_again(d);
    name[300] = '\0'; /* longer than the system takes */
    assert_status(apipie_request_set_image_file(d->request, name), APIPIE_E_FILE);
    need_refusal(d, APIPIE_E_FILE, "the name is too long");
    assert_status(apipie_request_set_image_file(NULL, "x"), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_mask_bytes(NULL, "x", 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_add_image_url(NULL, URL), APIPIE_E_ARGUMENT);
}

/* ---- again */

#define REFUSED                                                                                    \
    {                                                                                              \
        503, "Retry-After-Ms: 1\r\n", "{\"error\":{\"message\":\"overloaded\"}}"                   \
    }

static void every_attempt_sends_the_same(void **state)
{
    static const struct draw_reply replies[] = {REFUSED, REFUSED, {200, NULL, ONE_IMAGE}};
    struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    tape_fresh();
    draw_serve_script(d, &script);
    const char *path = fresh_file("in.png", 300000);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_set_mask_file(d->request, path), APIPIE_OK);
    perform(d);
    assert_int_equal(raw_server_count(d->server, "POST"), 3);
    for (int32_t i = 1; i < 3; i++) {
        assert_int_equal(sent(d, i)->body_size, sent(d, 0)->body_size);
        assert_memory_equal(sent(d, i)->body, sent(d, 0)->body, sent(d, 0)->body_size);
    }
}

/* Its user is the file: it goes while the call is answered. */
static void refuse_and_drop(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const struct draw_reply refused = REFUSED;
    (void)q;
    unlink(user);
    draw_send_reply(c, &refused);
}

static void a_file_that_is_gone_at_the_second_try(void **state)
{
    struct draw *d = *state;
    char path[512];
    tape_fresh();
    snprintf(path, sizeof path, "%s", tape_path("in.png"));
    make_file(path, 86);
    draw_serve(d, refuse_and_drop, path);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 5);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_FILE);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_contains(apipie_error_message(draw_error(d)), "no such file or folder: ");
    assert_contains(apipie_error_message(draw_error(d)), path);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_fault(draw_error(d)), APIPIE_FAULT_CALLER);
}

/* ---- files that change on the way */

static void cut(const char *path)
{
    assert_int_equal(truncate(path, 90), 0);
}

static void grow(const char *path)
{
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    fputc('x', f);
    fclose(f);
}

static const struct change {
    const char *name;
    void (*make)(const char *path);
    const char *word;
} changes[] = {{"gone", no_file, "no such file or folder: "},
               {"cut", cut, "it was changed in the meantime: "},
               {"grown", grow, "it was changed in the meantime: "}};

static void between_setter_and_submit(void **state)
{
    struct draw *d = serve(state);
    const struct change *row = d->row;
    const char *path = fresh_file("in.png", 100);
    assert_status(apipie_request_set_image_url(d->request, URL), APIPIE_OK);
    assert_status(apipie_request_set_mask_file(d->request, path), APIPIE_OK);
    row->make(path);
    assert_status(apipie_request_submit(d->request), APIPIE_E_FILE);
    assert_contains(apipie_error_message(draw_error(d)), row->word);
    assert_contains(apipie_error_message(draw_error(d)), path);
    assert_true(strlen(apipie_error_hint(draw_error(d))) > 0);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

static void stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (strstr(q->body, "base64,") == NULL)
        raw_pause_ms(c, 100);
    raw_reply_json(c, 200, ONE_IMAGE);
}

/* It waits for its turn behind another one; its money is given back. */
static void between_submit_and_sending(void **state)
{
    struct draw *d = *state;
    const struct change *row = d->row;
    tape_fresh();
    draw_serve(d, stall, NULL);
    const char *path = fresh_file("in.png", 100);
    assert_status(apipie_client_set_max_in_flight(d->client, 1), APIPIE_OK);
    draw_more(d, 2);
    assert_status(apipie_request_set_image_file(d->more[1], path), APIPIE_OK);
    draw_submit_more(d);
    row->make(path);
    assert_int_equal(draw_wait_more(d), 1);
    assert_status(apipie_request_status(d->more[0]), APIPIE_OK);
    assert_status(apipie_request_status(d->more[1]), APIPIE_E_FILE);
    assert_contains(apipie_error_message(apipie_request_error(d->more[1])), row->word);
    assert_int_equal(apipie_request_attempt_count(d->more[1]), 0);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
}

/* A part of it is on the wire, and not the last. */
static void while_it_is_sent(void **state)
{
    struct draw *d = serve(state);
    const struct change *row = d->row;
    const char *path = fresh_file("in.png", 50000000);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    int64_t all = 0;
    int64_t up = 0;
    while (up < 1000000) {
        apipie_client_poll(d->client, 1);
        up = apipie_request_progress(d->request, APIPIE_PROGRESS_UP);
        all = apipie_request_progress(d->request, APIPIE_PROGRESS_UP_TOTAL);
    }
    assert_in_range(up, 1000000, all - 10000000);
    row->make(path);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_FILE);
    assert_int_equal(raw_server_count(d->server, NULL), 0); /* never whole */
    assert_contains(apipie_error_message(draw_error(d)), path);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_NOT_SENT);
    assert_contains(apipie_request_attempt_message(d->request, 0), path);
    draw_again(d); /* the client is as good as before */
    perform(d);
    unlink(path);
}

static int32_t is_open(const char *path)
{
    char link[64], name[512];
    int32_t found = 0;
    for (int fd = 3; fd < 256; fd++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, name, sizeof name - 1);
        name[n > 0 ? n : 0] = '\0';
        found += strcmp(name, path) == 0;
    }
    return found;
}

static void a_cancelled_request_lets_its_file_go(void **state)
{
    struct draw *d = serve(state);
    const char *path = fresh_file("in.png", 50000000);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (apipie_request_progress(d->request, APIPIE_PROGRESS_UP) < 1000000)
        apipie_client_poll(d->client, 1);
    assert_int_equal(is_open(path), 1);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_int_equal(is_open(path), 0);
    unlink(path);
}

/* ---- with the rest of the house */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void a_file_is_no_other_request_in_the_cache(void **state)
{
    struct draw *d = serve(state);
    size_t n = 0;
    const char *path = fresh_file("in.png", 100000);
    char *bytes = tape_read(path, &n);
    char folder[] = "/tmp/apipie-inputs-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_status(apipie_client_set_cache(d->client, folder, 1000000), APIPIE_OK);
    for (int i = 0; i < 5; i++) {
        draw_again(d);
        apipie_request_set_seed(d->request, 1);
        if (i == 3)
            bytes[n - 1] ^= 1;
        if (i >= 3)
            tape_write(path, bytes, n);
        if (i == 2) /* the same picture, by its bytes */
            assert_status(apipie_request_set_image_bytes(d->request, bytes, n), APIPIE_OK);
        else
            assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
        if (i == 4)
            assert_status(apipie_request_set_mask_file(d->request, path), APIPIE_OK);
        perform(d);
        assert_int_equal(apipie_result_is_cached(draw_result(d)), i == 1 || i == 2);
    }
    free(bytes);
    assert_int_equal(raw_server_count(d->server, "POST"), 3);
    nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

static void a_recording_is_of_what_was_in_the_file(void **state)
{
    struct draw *d = serve(state);
    size_t n = 0;
    const char *path = fresh_file("in.png", 200000);
    const char *tape = tape_path("tape");
    assert_status(apipie_client_record(d->client, tape), APIPIE_OK);
    draw_again(d);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    perform(d);
    tape_turn(d, tape);
    char *bytes = tape_read(path, &n);
    bytes[n - 1] ^= 1;
    draw_again(d);
    assert_status(apipie_request_set_image_bytes(d->request, bytes, n), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    bytes[n - 1] ^= 1;
    free(bytes);
    draw_again(d);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    perform(d);
    draw_assert_one(d, 0);
}

/* What is shown of it: no bytes, and nothing of the disk. */
static void the_json_of_a_request_is_short(void **state)
{
    struct draw *d = serve(state);
    char json[300];
    const char *path = fresh_file("in.png", 100000);
    apipie_request_set_response_format(d->request, NULL);
    apipie_request_set_prompt(d->request, "x", APIPIE_NTS);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_set_mask_url(d->request, URL), APIPIE_OK);
    apipie_request_format_json(d->request, json, sizeof json);
    assert_string_equal(json, "{\"prompt\":\"x\",\"image\":null,\"mask\":\"" URL "\"}");
    assert_status(apipie_request_set_image_url(d->request, "data:image/gif;base64," GIF1),
                  APIPIE_OK);
    apipie_request_format_json(d->request, json, sizeof json);
    assert_string_equal(json, "{\"prompt\":\"x\",\"image\":null,\"mask\":\"" URL "\"}");
    perform(d);
    assert_contains(sent(d, 0)->body, "\"image\":\"data:image/gif;base64," GIF1 "\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_mask_goes_with_it),
        DRAW_TEST(the_last_setter_counts),
        DRAW_TEST(a_copy_brings_the_same),
        DRAW_TEST(a_path_is_of_the_folder_it_was_set_in),
        DRAW_TEST(the_gateway_takes_one),
        DRAW_TEST(what_is_too_many_is_left_out),
        DRAW_TEST(a_path_of_its_own_kind),
        DRAW_TEST(every_attempt_sends_the_same),
        DRAW_TEST(a_file_that_is_gone_at_the_second_try),
        DRAW_TEST(a_cancelled_request_lets_its_file_go),
        DRAW_TEST(a_file_is_no_other_request_in_the_cache),
        DRAW_TEST(a_recording_is_of_what_was_in_the_file),
        DRAW_TEST(the_json_of_a_request_is_short),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
    failed += DRAW_ROWS(a_file_goes_out_as_its_bytes_do, sizes);
    failed += DRAW_ROWS(a_bad_file_is_found_at_once, bad_files);
    failed += DRAW_ROWS(between_setter_and_submit, changes);
    failed += DRAW_ROWS(between_submit_and_sending, changes);
    /* One that is open keeps what it is, whatever its name becomes. */
    failed += draw_rows("while_it_is_sent", while_it_is_sent, changes + 1, sizeof changes[0], 2, 0);
    tape_end();
    return failed;
}
