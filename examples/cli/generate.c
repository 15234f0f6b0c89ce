/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie generate`: check, send, report. */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "draft.h"
#include "interrupt.h"
#include "recipe.h"
#include "session.h"
#include "sketch.h"

static int writes_stdout(const struct cli_options *o)
{
    return o->output != NULL && strcmp(o->output, "-") == 0;
}

/* What can be said before a request is made. */
static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = o->edits ? "apipie edit --help shows the options"
                                      : "apipie generate --help shows the options";

    if (o->sandbox && o->base_url != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--sandbox and --base-url exclude each other",
                        NULL, NULL);
    else if (o->output != NULL && o->output[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "-o is empty", NULL, NULL);
    else if (o->batch != NULL)
        cli_batch_check(o, f);
    else if (o->prompt == NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT,
                        o->edits ? "for a model that takes none: any, with --unsupported drop"
                                 : hint,
                        "PROMPT is missing", NULL, NULL);
    else if (o->prompt[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "PROMPT is empty", NULL, NULL);
    else if (strcmp(o->prompt, "-") == 0)
        cli_failure_set(f, APIPIE_E_UNSUPPORTED, hint, "PROMPT from stdin: not in this version",
                        NULL, NULL);
    else if (writes_stdout(o) && o->json)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "-o - and --json both want stdout", NULL, NULL);
    else if (writes_stdout(o) && o->n > 1)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "-o - takes one picture, not several", NULL,
                        NULL);
    else if (writes_stdout(o) && isatty(STDOUT_FILENO))
        cli_failure_set(f, APIPIE_E_ARGUMENT, "send it to a file or a pipe",
                        "-o -: stdout is a terminal", NULL, NULL);
    else if (o->strength.set && o->image == NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "as --image lake.png --strength 0.6",
                        "--strength needs --image: it says how far to go from it", NULL, NULL);
    else
        cli_recipe_check(o, f);
    cli_sketch_check(o, f);
}

/* Before money is spent: a picture or its path must find its way out. */
static void check_stdout(struct cli_failure *f)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);

    if (flags == -1 || (flags & O_ACCMODE) == O_RDONLY)
        cli_failure_set(f, APIPIE_E_FILE, "", "stdout cannot be written", NULL, NULL);
}

static apipie_status wait_for(apipie_request *request)
{
    apipie_status status;
    int64_t shown_ms = 0;

    if (!isatty(STDERR_FILENO))
        return apipie_request_wait(request, -1);
    while ((status = apipie_request_wait(request, 100)) == APIPIE_PENDING) {
        shown_ms += 100;
        cli_progress_show(request, shown_ms);
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
        cli_report_success_json(request, place, NULL);
    else
        cli_report_success(request, place);
    if (fflush(stdout) != 0 || ferror(stdout))
        cli_failure_set(f, APIPIE_E_FILE, "the picture is there all the same",
                        "cannot write to stdout: ", strerror(errno), NULL);
}

/* A recipe that cannot be written is told beside the picture: stdout says where that is. */
static int report_recipe(const struct cli_options *o, const struct cli_draft *draft)
{
    struct cli_failure failure = {0};

    cli_recipe_write(o, draft, &failure);
    return cli_report(&failure, 0);
}

static apipie_status send_and_wait(apipie_request *request)
{
    apipie_status status;

    cli_interrupt_watch(request);
    status = apipie_request_submit(request);
    if (status == APIPIE_OK)
        status = wait_for(request);
    cli_interrupt_watch(NULL);
    return status;
}

/* Builds, sends, reports; the failure is reported here too, as its text belongs to the request. */
static int draw(const struct cli_options *o, apipie_client *client)
{
    struct cli_failure failure = {0};
    struct cli_draft draft;
    int code, recipe = 0;

    cli_draft_make(&draft, o, client, &failure);
    if (failure.status == APIPIE_OK) {
        struct cli_sketches sketches;
        apipie_status status;

        cli_sketch_watch(&sketches, o, draft.request);
        status = send_and_wait(draft.request);
        cli_sketch_end(&sketches);
        if (status == APIPIE_OK) {
            recipe = report_recipe(o, &draft);
            report_result(o, draft.request, &failure);
        } else {
            cli_failure_take(&failure, status, draft.request, draft.refused);
        }
    }
    code = cli_report(&failure, o->json);
    (void)apipie_request_unref(draft.request);
    return code != 0 ? code : recipe;
}

int cli_generate(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_session session = {0};
    int code;

    check_options(o, &failure);
    check_stdout(&failure);
    if (failure.status == APIPIE_OK)
        cli_session_open(&session, o, &failure);
    if (failure.status != APIPIE_OK)
        code = cli_report(&failure, o->json);
    else
        code = o->batch != NULL ? cli_batch_run(o, session.client) : draw(o, session.client);
    cli_session_close(&session);
    return code;
}
