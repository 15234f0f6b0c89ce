/* SPDX-License-Identifier: MIT */
/* aimock_client URL: the library's half of tests/openai/aimock: what it makes of a mock of OpenAI that others wrote. */
#include <apipie/apipie.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint8_t png[] = {
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44,
    0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90,
    0x77, 0x53, 0xDE, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82};

#define EDIT    1 /* with an image */
#define TWO     2 /* with two */
#define STREAM  4
#define VARY    8
#define WRONG   16 /* the key */
#define PATIENT 32 /* one retry */

struct row {
    const char *prompt, *chaos;
    int32_t flags;
    apipie_status want;
    int32_t http, billed, images;
};

static const struct row rows[] = {
    {"a lake", NULL, 0, APIPIE_OK, 0, APIPIE_BILLED_YES, 1},
    {"two lakes", NULL, 0, APIPIE_OK, 0, APIPIE_BILLED_YES, 2},
    {"a lake", NULL, STREAM, APIPIE_OK, 0, APIPIE_BILLED_YES, 1}, /* it answers at once */
    {"with a boat", NULL, EDIT, APIPIE_OK, 0, APIPIE_BILLED_YES, 1},
    {"with a boat", NULL, EDIT | TWO, APIPIE_OK, 0, APIPIE_BILLED_YES, 1},
    {"a lake", NULL, WRONG, APIPIE_E_AUTH, 401, APIPIE_BILLED_NO, 0},
    {"nothing like it", NULL, 0, APIPIE_E_NOT_FOUND, 404, APIPIE_BILLED_NO, 0},
    {"slow down", NULL, 0, APIPIE_E_RATE_LIMITED, 429, APIPIE_BILLED_NO, 0},
    {"no money", NULL, PATIENT, APIPIE_E_QUOTA, 429, APIPIE_BILLED_NO, 0},
    {"not allowed", NULL, PATIENT, APIPIE_E_CONTENT_POLICY, 400, APIPIE_BILLED_NO, 0},
    {"come back", NULL, PATIENT, APIPIE_OK, 0, APIPIE_BILLED_YES, 1},
    {"fails", NULL, PATIENT, APIPIE_E_SERVER, 500, APIPIE_BILLED_UNKNOWN, 0},
    {"a lake", "X-AIMock-Chaos-Drop", 0, APIPIE_E_SERVER, 500, APIPIE_BILLED_UNKNOWN, 0},
    {"a lake", "X-AIMock-Chaos-Malformed", 0, APIPIE_E_MALFORMED, 200, APIPIE_BILLED_UNKNOWN, 0},
    {"a lake", "X-AIMock-Chaos-Disconnect", 0, APIPIE_E_NETWORK, 0, APIPIE_BILLED_UNKNOWN, 0},
    {"a lake", "X-AIMock-Chaos-RateLimit", 0, APIPIE_E_RATE_LIMITED, 429, APIPIE_BILLED_NO, 0},
    {NULL, NULL, VARY, APIPIE_E_NOT_FOUND, 404, APIPIE_BILLED_NO, 0}, /* gone at OpenAI too */
};

static apipie_request *ask(apipie_client *client, const struct row *row)
{
    int32_t kind = row->flags & VARY   ? APIPIE_REQUEST_VARIATION
                   : row->flags & EDIT ? APIPIE_REQUEST_EDIT
                                       : APIPIE_REQUEST_IMAGE;
    apipie_request *r = apipie_request_new(client, kind);
    apipie_request_set_backend(r, row->flags & WRONG ? "wrong" : "mock");
    if (row->prompt != NULL)
        apipie_request_set_prompt(r, row->prompt, APIPIE_NTS);
    apipie_request_set_model(r, row->flags & VARY ? "dall-e-2" : "gpt-image-1");
    if (row->flags & (EDIT | VARY))
        apipie_request_add_image_bytes(r, png, sizeof png);
    if (row->flags & TWO)
        apipie_request_add_image_bytes(r, png, sizeof png);
    if (row->flags & STREAM)
        apipie_request_set_stream(r, 1);
    if (row->chaos != NULL)
        apipie_request_set_header(r, row->chaos, "1");
    apipie_request_set_retry(r, APIPIE_RETRY_SAFE, row->flags & PATIENT ? 1 : 0);
    return r;
}

static int check(apipie_client *client, const struct row *row)
{
    apipie_request *r = ask(client, row);
    apipie_status got = apipie_request_perform(r);
    const apipie_error *e = apipie_request_error(r);
    const apipie_result *result = apipie_request_result(r);
    int32_t billed = got == APIPIE_OK ? apipie_result_billed(result) : apipie_error_billed(e);
    int32_t http = got == APIPIE_OK ? 0 : apipie_error_http_status(e);
    size_t images = got == APIPIE_OK ? apipie_result_image_count(result) : 0;
    int good = got == row->want && http == row->http && billed == row->billed &&
               images == (size_t)row->images;
    for (size_t i = 0; good && i < images; i++)
        good = apipie_result_image_width(result, i) == 3;
    if (!good)
        fprintf(stderr,
                "%s%s%s: %s (%s), HTTP %" PRId32 ", billed %" PRId32 ", %zu images; wanted %s\n",
                row->prompt != NULL ? row->prompt : "variation", row->chaos ? ", " : "",
                row->chaos ? row->chaos : "", apipie_status_name(got),
                got == APIPIE_OK ? "" : apipie_error_message(e), http, billed, images,
                apipie_status_name(row->want));
    apipie_request_unref(r);
    return good;
}

int main(int argc, char **argv)
{
    int failed = 0;
    apipie_client *client = apipie_client_new(NULL);
    if (argc != 2 || apipie_client_add_backend(client, "mock", "openai", argv[1]) != APIPIE_OK ||
        apipie_client_add_backend(client, "wrong", "openai", argv[1]) != APIPIE_OK ||
        apipie_client_set_backend_key(client, "mock", "sk-aimock-0123456789") != APIPIE_OK ||
        apipie_client_set_backend_key(client, "wrong", "sk-another-0123456789") != APIPIE_OK) {
        fprintf(stderr, "usage: aimock_client URL\n");
        return 2;
    }
    apipie_client_set_breaker(client, 0, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        failed += !check(client, &rows[i]);
    apipie_client_unref(client);
    printf("tests/openai/aimock: %zu calls, %d not as wanted\n", sizeof(rows) / sizeof(rows[0]),
           failed);
    return failed != 0;
}
