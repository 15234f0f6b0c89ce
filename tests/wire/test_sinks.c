/* SPDX-License-Identifier: MIT */
/* Pictures that go into the host's own functions, as they arrive. Knows the public API alone. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host {
    char log[512];
    uint8_t bytes[4][1024];
    size_t size[4];
    const char *refuse;      /* the call that fails */
    apipie_request *request; /* for calls from inside */
    apipie_status inside[3];
    int32_t freed;
};

static apipie_status note(struct host *h, const char *what, uint32_t slot)
{
    size_t n = strlen(h->log);
    snprintf(h->log + n, sizeof h->log - n, "%s%u ", what, (unsigned)slot);
    return h->refuse && strcmp(h->refuse, what) == 0 ? APIPIE_E_SINK : APIPIE_OK;
}

static apipie_status host_begin(void *user, uint32_t slot, const char *mime)
{
    struct host *h = user;
    h->size[slot & 3] = 0;
    return strncmp(mime, "image/", 6) == 0 ? note(h, "begin", slot) : APIPIE_E_INTERNAL;
}

static apipie_status host_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct host *h = user;
    if (h->size[slot & 3] + size > 1024)
        return APIPIE_E_INTERNAL;
    memcpy(h->bytes[slot & 3] + h->size[slot & 3], data, size);
    h->size[slot & 3] += size;
    if (h->request) {
        h->inside[0] = apipie_request_wait(h->request, 0);
        h->inside[1] = apipie_request_perform(h->request);
        h->inside[2] = apipie_request_status(h->request);
    }
    return h->refuse && strcmp(h->refuse, "write") == 0 ? APIPIE_E_SINK : APIPIE_OK;
}

static apipie_status host_end(void *user, uint32_t slot)
{
    return note(user, "end", slot);
}

static apipie_status host_commit(void *user, uint32_t slot, size_t index)
{
    struct host *h = user;
    apipie_status status = note(h, "commit", slot);
    size_t n = strlen(h->log);
    snprintf(h->log + n - 1, sizeof h->log - n + 1, "=%u ", (unsigned)index);
    return status;
}

static void host_abort(void *user, uint32_t slot)
{
    note(user, "abort", slot);
}

static void host_free(void *user)
{
    ((struct host *)user)->freed++;
}

static apipie_status set_host(apipie_request *r, struct host *h)
{
    return apipie_request_set_sink(r, host_begin, host_write, host_end, host_commit, host_abort, h,
                                   host_free);
}

static void assert_host_has(const struct host *h, uint32_t slot, const char *base64)
{
    uint8_t want[1024];
    size_t n = draw_decode(base64, want);
    assert_int_equal(h->size[slot], n);
    assert_memory_equal(h->bytes[slot], want, n);
}

static void calls_in_order(void **state)
{
    struct draw *d = *state;
    struct host h = {0};
    draw_serve_json(d, ONE_IMAGE);
    assert_status(set_host(d->request, &h), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(h.log, "begin0 end0 commit0=0 ");
    assert_host_has(&h, 0, PNG1);
    const apipie_result *r = draw_result(d);
    assert_null(apipie_result_image_data(r, 0, NULL));
    assert_null(apipie_result_image_path(r, 0));
    assert_int_equal(apipie_result_image_size(r, 0), 86);
    assert_int_equal(apipie_result_image_width(r, 0), 3);
    assert_status(apipie_result_save(r, 0, "/tmp/apipie-never"), APIPIE_E_STATE);
    assert_int_equal(h.freed, 0);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(h.freed, 1);
}

static void two_pictures_two_slots(void **state)
{
    struct draw *d = *state;
    struct host h = {0};
    draw_serve_json(d, "{\"data\":[{\"url\":\"/pics/2\"},{\"b64_json\":\"" PNG1 "\"}]}");
    apipie_request_set_n(d->request, 2);
    set_host(d->request, &h);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    /* the base64 one came first, and is the second image */
    assert_contains(h.log, "commit1=0 ");
    assert_contains(h.log, "commit0=1 ");
    assert_lacks(h.log, "abort");
    assert_host_has(&h, 0, PNG1);
    assert_host_has(&h, 1, PNG2);
    d->request = apipie_request_unref(d->request);
}

static void a_broken_picture_is_aborted(void **state)
{
    struct draw *d = *state;
    struct host h = {0};
    draw_serve_json(d,
                    "{\"data\":[{\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAA!!!!\"}]}");
    set_host(d->request, &h);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_MALFORMED);
    assert_lacks(h.log, "commit");
    if (strstr(h.log, "begin"))
        assert_contains(h.log, "abort0");
    d->request = apipie_request_unref(d->request);
    assert_int_equal(h.freed, 1);
}

static const char *const calls[] = {"begin", "write", "end", "commit"};

static void a_host_that_refuses(void **state)
{
    struct draw *d = *state;
    struct host h = {.refuse = *(const char *const *)d->row};
    draw_serve_json(d, ONE_IMAGE);
    set_host(d->request, &h);
    apipie_request_set_retry(d->request, APIPIE_RETRY_ALWAYS, 3);
    apipie_status status = apipie_request_perform(d->request);
    assert_ended(d->request, status, APIPIE_E_SINK);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_true(apipie_error_billed(draw_error(d)) != APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_is_retryable(draw_error(d)), 0);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(h.freed, 1);
}

static void no_way_back_in(void **state)
{
    struct draw *d = *state;
    struct host h = {0};
    draw_serve_json(d, ONE_IMAGE);
    h.request = draw_request(d->client);
    set_host(d->request, &h);
    apipie_status status = apipie_request_perform(d->request);
    h.request = apipie_request_unref(h.request);
    assert_ended(d->request, status, APIPIE_OK);
    assert_status(h.inside[0], APIPIE_E_REENTRANT);
    assert_status(h.inside[1], APIPIE_E_REENTRANT);
    assert_status(h.inside[2], APIPIE_E_STATE);
    d->request = apipie_request_unref(d->request);
}

static apipie_status cancel_inside(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)slot;
    (void)data;
    (void)size;
    apipie_request_cancel(*(apipie_request **)user);
    return APIPIE_OK;
}

static void cancel_inside_a_sink(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_sink(d->request, NULL, cancel_inside, NULL, NULL, NULL, &d->request, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
}

static void a_replaced_sink_is_freed(void **state)
{
    struct draw *d = *state;
    struct host a = {0}, b = {0};
    draw_serve_json(d, ONE_IMAGE);
    set_host(d->request, &a);
    set_host(d->request, &b);
    assert_int_equal(a.freed, 1);
    assert_int_equal(b.freed, 0);
    apipie_request *copy = apipie_request_copy(d->request);
    apipie_status status = apipie_request_perform(copy);
    int in_memory = apipie_result_image_data(apipie_request_result(copy), 0, NULL) != NULL;
    copy = apipie_request_unref(copy);
    assert_status(status, APIPIE_OK);
    assert_true(in_memory);
    assert_string_equal(b.log, "");
    d->request = apipie_request_unref(d->request);
    assert_int_equal(b.freed, 1);
}

static void a_sink_that_was_refused_is_freed(void **state)
{
    struct host h = {0};
    (void)state;
    assert_true(apipie_request_set_sink(NULL, NULL, host_write, NULL, NULL, NULL, &h, host_free) <
                0);
    assert_int_equal(h.freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(calls_in_order),
        DRAW_TEST(two_pictures_two_slots),
        DRAW_TEST(a_broken_picture_is_aborted),

        DRAW_TEST(no_way_back_in),
        DRAW_TEST(cancel_inside_a_sink),
        DRAW_TEST(a_replaced_sink_is_freed),
        DRAW_TEST(a_sink_that_was_refused_is_freed),
    };
    int failed = cmocka_run_group_tests_name("sinks", tests, NULL, NULL);
    failed += DRAW_ROWS(a_host_that_refuses, calls);
    return failed;
}
