/* SPDX-License-Identifier: MIT */
/* Recordings in tests: knows the public API and files, no test. */
#include "tape.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char tape_folder[64];

int tape_begin(void)
{
    strcpy(tape_folder, "/tmp/apipie-tape-XXXXXX");
    return mkdtemp(tape_folder) != NULL;
}

static void tape_empty(void)
{
    DIR *dir = opendir(tape_folder);
    for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            remove(tape_path(e->d_name));
    }
    if (dir)
        closedir(dir);
}

void tape_end(void)
{
    tape_empty();
    rmdir(tape_folder);
}

const char *tape_path(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", tape_folder, name);
    return path;
}

const char *tape_fresh(void)
{
    static char path[512];
    tape_empty();
    snprintf(path, sizeof path, "%s", tape_path("recording"));
    return path;
}

/* ---- what a request brought */

static void tell_error(FILE *f, const apipie_error *e)
{
    size_t n = 0;
    const char *body = apipie_error_body(e, &n);
    fprintf(
        f, "error %d %s | %s | http %d, code %s, param %s, id %s, again %d, billed %d, fault %d\n",
        (int)apipie_error_code(e), apipie_error_message(e), apipie_error_hint(e),
        (int)apipie_error_http_status(e), apipie_error_provider_code(e),
        apipie_error_provider_param(e), apipie_error_request_id(e),
        (int)apipie_error_is_retryable(e), (int)apipie_error_billed(e), (int)apipie_error_fault(e));
    fprintf(f, "body %.*s\n", (int)n, body ? body : "");
}

static void tell_image(FILE *f, const apipie_result *r, size_t i)
{
    size_t n = 0;
    const uint8_t *data = apipie_result_image_data(r, i, &n);
    char *text = draw_encode(data ? data : (const uint8_t *)"", data ? n : 0);
    const char *url = apipie_result_image_url(r, i), *mime = apipie_result_image_mime(r, i);
    fprintf(f, "image %s of %d bytes, %d x %d, %s: %s\n", mime ? mime : "",
            (int)apipie_result_image_size(r, i), (int)apipie_result_image_width(r, i),
            (int)apipie_result_image_height(r, i), url ? url : "", text);
    free(text);
}

static void tell_attempt(FILE *f, const apipie_request *r, size_t i)
{
    const char *message = apipie_request_attempt_message(r, i);
    fprintf(f, "attempt for %d: %d, billed %d, %d, http %d, id %s, %s, times",
            (int)apipie_request_attempt_purpose(r, i), (int)apipie_request_attempt_outcome(r, i),
            (int)apipie_request_attempt_billed(r, i), (int)apipie_request_attempt_status(r, i),
            (int)apipie_request_attempt_http_status(r, i), apipie_request_attempt_request_id(r, i),
            message ? message : "");
    for (int32_t which = APIPIE_TIME_LOOKUP; which <= APIPIE_TIME_TOTAL; which++)
        fprintf(f, " %d", (int)apipie_request_attempt_time(r, i, which));
    fputc('\n', f);
}

char *tape_tell(const apipie_request *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    const apipie_result *result = apipie_request_result(r);
    assert_non_null(f);
    fprintf(f, "status %d\n", (int)apipie_request_status(r));
    if (apipie_request_error(r))
        tell_error(f, apipie_request_error(r));
    for (size_t i = 0; i < apipie_result_image_count(result); i++)
        tell_image(f, result, i);
    for (size_t i = 0; i < apipie_result_warning_count(result); i++)
        fprintf(f, "warning %s\n", apipie_result_warning(result, i));
    for (size_t i = 0; i < apipie_request_attempt_count(r); i++)
        tell_attempt(f, r, i);
    fclose(f);
    return text;
}

/* ---- clients */

apipie_client *tape_client(const char *base_url, const char *path)
{
    apipie_client *client = apipie_client_new(NULL);
    assert_non_null(client);
    assert_status(apipie_client_replay(client, path), APIPIE_OK);
    assert_status(apipie_client_set_base_url(client, base_url), APIPIE_OK);
    assert_status(apipie_client_set_retry(client, APIPIE_RETRY_NEVER, 0), APIPIE_OK);
    assert_status(apipie_client_set_timeout(client, 20000), APIPIE_OK);
    return client;
}

void tape_turn(struct draw *d, const char *path)
{
    char base[128];
    snprintf(base, sizeof base, "%s", raw_server_base(d->server));
    d->request = apipie_request_unref(d->request);
    draw_more(d, 0);
    d->client = apipie_client_unref(d->client);
    d->server = raw_server_stop(d->server);
    d->client = tape_client(base, path);
    d->request = draw_request(d->client);
}

/* ---- files */

char *tape_read(const char *path, size_t *ret_size)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size_t n = (size_t)ftell(f);
    char *p = malloc(n + 1);
    assert_non_null(p);
    rewind(f);
    assert_int_equal(fread(p, 1, n, f), n);
    fclose(f);
    p[n] = 0;
    *ret_size = n;
    return p;
}

void tape_write(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

int32_t tape_count(const char *p, size_t n, const char *what)
{
    int32_t count = 0;
    size_t length = strlen(what);
    for (size_t i = 0; i + length <= n; i++)
        count += memcmp(p + i, what, length) == 0;
    return count;
}
