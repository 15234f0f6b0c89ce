/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie generate`: check, send, report. */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "draft.h"
#include "interrupt.h"
#include "report.h"

static int writes_stdout(const struct cli_options *o)
{
    return o->output != NULL && strcmp(o->output, "-") == 0;
}

/* What can be said before a request is made. */
static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = "apipie generate --help shows the options";

    if (o->prompt == NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "PROMPT is missing", NULL, NULL);
    else if (o->prompt[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "PROMPT is empty", NULL, NULL);
    else if (strcmp(o->prompt, "-") == 0)
        cli_failure_set(f, APIPIE_E_UNSUPPORTED, hint, "PROMPT from stdin: not in this version",
                        NULL, NULL);
    else if (o->output != NULL && o->output[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "-o is empty", NULL, NULL);
    else if (writes_stdout(o) && o->json)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "-o - and --json both want stdout", NULL, NULL);
    else if (writes_stdout(o) && o->n > 1)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "-o - takes one picture, not several", NULL,
                        NULL);
    else if (writes_stdout(o) && isatty(STDOUT_FILENO))
        cli_failure_set(f, APIPIE_E_ARGUMENT, "send it to a file or a pipe",
                        "-o -: stdout is a terminal", NULL, NULL);
    else if (o->sandbox && o->base_url != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--sandbox and --base-url exclude each other",
                        NULL, NULL);
}

/* Before money is spent: a picture or its path must find its way out. */
static void check_stdout(struct cli_failure *f)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);

    if (flags == -1 || (flags & O_ACCMODE) == O_RDONLY)
        cli_failure_set(f, APIPIE_E_FILE, "", "stdout cannot be written", NULL, NULL);
}

static void check_key(const struct cli_options *o, struct cli_failure *f)
{
    const char *key = getenv("APIPIE_API_KEY");

    if (!o->sandbox && (key == NULL || key[0] == '\0'))
        cli_failure_set(
            f, APIPIE_E_CONFIG,
            "set APIPIE_API_KEY to a key of https://apipie.ai, or try without one: --sandbox",
            "no key: APIPIE_API_KEY is not set", NULL, NULL);
}

static void set_base_url(apipie_client *client, const char *url, struct cli_failure *f)
{
    switch (apipie_client_set_base_url(client, url)) {
    case APIPIE_OK:
        return;
    case APIPIE_E_ARGUMENT:
        cli_failure_set(f, APIPIE_E_CONFIG, "as https://apipie.ai/v1",
                        "--base-url: no http(s) URL that can be used: ", url, NULL);
        return;
    case APIPIE_E_CONFIG:
        cli_failure_set(f, APIPIE_E_CONFIG, "use https://",
                        "--base-url: http:// would show the key on the way: ", url, NULL);
        return;
    default:
        cli_failure_set(f, APIPIE_E_MEMORY, "", "out of memory", NULL, NULL);
    }
}

static apipie_status wait_for(apipie_request *request)
{
    apipie_status status;
    int64_t shown_ms = 0;

    if (!isatty(STDERR_FILENO))
        return apipie_request_wait(request, -1);
    while ((status = apipie_request_wait(request, 100)) == APIPIE_PENDING) {
        shown_ms += 100;
        cli_progress_show(shown_ms);
    }
    cli_progress_clear();
    return status;
}

static void write_image(const apipie_result *result, struct cli_failure *f)
{
    size_t size;
    const uint8_t *bytes = apipie_result_image_data(result, 0, &size);

    if (bytes == NULL || fwrite(bytes, 1, size, stdout) != size || fflush(stdout) != 0)
        cli_failure_set(f, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno), NULL);
}

static void report_result(const struct cli_options *o, const apipie_request *request,
                          struct cli_failure *f)
{
    enum cli_place place = o->output == NULL ? CLI_HERE : CLI_THERE;

    if (writes_stdout(o)) {
        write_image(apipie_request_result(request), f);
        place = CLI_STDOUT;
    }
    if (o->json)
        cli_report_success_json(request, place);
    else
        cli_report_success(request, place);
    if (fflush(stdout) != 0 || ferror(stdout))
        cli_failure_set(f, APIPIE_E_FILE, "the picture is there all the same",
                        "cannot write to stdout: ", strerror(errno), NULL);
}

/* Builds, sends, reports; the failure is reported here too, as its text belongs to the request. */
static int draw(const struct cli_options *o, apipie_client *client)
{
    struct cli_failure failure = {0};
    const char *refused = NULL;
    apipie_request *request = cli_draft(o, client, &refused, &failure);
    int code;

    if (failure.status == APIPIE_OK) {
        apipie_status status;

        cli_interrupt_watch(request);
        status = apipie_request_submit(request);
        if (status == APIPIE_OK)
            status = wait_for(request);
        cli_interrupt_watch(NULL);
        if (status == APIPIE_OK)
            report_result(o, request, &failure);
        else
            cli_failure_take(&failure, status, request, refused);
    }
    code = cli_report(&failure, o->json);
    (void)apipie_request_unref(request);
    return code;
}

int cli_generate(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_box *box = NULL;
    apipie_client *client = NULL;
    int code;

    check_options(o, &failure);
    check_key(o, &failure);
    check_stdout(&failure);
    if (failure.status == APIPIE_OK && o->sandbox)
        box = cli_box_start(CLI_UNSET, NULL, &failure);
    if (failure.status == APIPIE_OK && (client = apipie_client_new(NULL)) == NULL)
        cli_failure_set(&failure, APIPIE_E_MEMORY, "", "out of memory", NULL, NULL);
    if (failure.status == APIPIE_OK && box != NULL) {
        set_base_url(client, cli_box_url(box), &failure);
        (void)apipie_client_set_key(client, cli_box_key(box));
    } else if (failure.status == APIPIE_OK && o->base_url != NULL) {
        set_base_url(client, o->base_url, &failure);
    }
    code = failure.status == APIPIE_OK ? draw(o, client) : cli_report(&failure, o->json);
    (void)apipie_client_unref(client);
    (void)cli_box_stop(box);
    return code;
}
