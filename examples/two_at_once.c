/* SPDX-License-Identifier: MIT */
/* Two pictures at once in one thread: submit both, then wait. While the first is waited for, the second
 * is drawn as well. */
#include <apipie/apipie.h>

#include <stdio.h>

static apipie_request *ask(apipie_client *client, const char *prompt, const char *path)
{
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);

    /* The first bad setter is remembered: submit tells. */
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, prompt, APIPIE_NTS);
    apipie_request_set_size(req, 512, 512);
    apipie_request_set_output_file(req, path);
    apipie_request_submit(req);
    return req;
}

static int tell(apipie_request *req)
{
    const apipie_result *result;

    /* Of a request that submit refused, wait gives the same status again. */
    if (apipie_request_wait(req, -1) != APIPIE_OK) {
        (void)fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(req)));
        return 1;
    }
    result = apipie_request_result(req);
    (void)printf("%s: %d x %d\n", apipie_result_image_path(result, 0),
                 (int)apipie_result_image_width(result, 0),
                 (int)apipie_result_image_height(result, 0));
    return 0;
}

int main(void)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *dawn = ask(client, "A harbour at dawn", "dawn.png");
    apipie_request *dusk = ask(client, "A harbour at dusk", "dusk.png");
    int failed = tell(dawn);

    failed += tell(dusk);
    dawn = apipie_request_unref(dawn);
    dusk = apipie_request_unref(dusk);
    client = apipie_client_unref(client);
    return failed;
}
