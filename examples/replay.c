/* SPDX-License-Identifier: MIT */
/* A test of a program that draws: the calls are recorded once, here from the sandbox (APIPIE_BASE_URL and APIPIE_API_KEY say where
 * it is), and from then on the file answers: no server, no key, no money, and the same picture each time. */
#include <apipie/transport.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the program does, whoever answers. NULL when it failed. */
static apipie_request *draw(apipie_client *client, const char *prompt)
{
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);

    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, prompt, APIPIE_NTS);
    apipie_request_set_size(req, 256, 256);
    if (apipie_request_perform(req) == APIPIE_OK)
        return req;
    (void)printf("failed: %s\n", apipie_error_message(apipie_request_error(req)));
    return apipie_request_unref(req);
}

static apipie_request *record(const char *path)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *req = NULL;

    if (apipie_client_record(client, path) == APIPIE_OK)
        req = draw(client, "A fox in the snow");
    client = apipie_client_unref(client); /* req holds what it needs of it */
    return req;
}

static int same_picture(const apipie_request *a, const apipie_request *b)
{
    size_t a_size = 0, b_size = 0;
    const uint8_t *a_data = apipie_result_image_data(apipie_request_result(a), 0, &a_size);
    const uint8_t *b_data = apipie_result_image_data(apipie_request_result(b), 0, &b_size);

    return a_data && b_data && a_size == b_size && memcmp(a_data, b_data, a_size) == 0;
}

/* The same call twice: it was recorded once, so that the second one finds nothing. */
static int replay(const char *path, const apipie_request *recorded)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *first = NULL, *second = NULL;
    int good = 0;

    if (apipie_client_replay(client, path) == APIPIE_OK) {
        first = draw(client, "A fox in the snow");
        second = draw(client, "A fox in the snow");
        good = first && !second && same_picture(first, recorded);
    }
    first = apipie_request_unref(first);
    second = apipie_request_unref(second);
    client = apipie_client_unref(client);
    return good;
}

int main(void)
{
    char folder[] = "/tmp/apipie-example-XXXXXX", path[64];
    apipie_request *recorded;
    int good;

    if (!mkdtemp(folder))
        return 1;
    (void)snprintf(path, sizeof path, "%s/fox.recording", folder);
    recorded = record(path);
    (void)unsetenv("APIPIE_API_KEY"); /* nobody needs it any more */
    good = recorded && replay(path, recorded);
    (void)printf(good ? "the same picture, without a server\n" : "not the same\n");
    recorded = apipie_request_unref(recorded);
    (void)unlink(path);
    (void)rmdir(folder);
    return !good;
}
