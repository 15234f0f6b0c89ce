/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie upload`: each file to the gateway, in order, and the URL that it gives. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "input.h"
#include "interrupt.h"
#include "report.h"
#include "session.h"
#include "text.h"

struct upload {
    const char *file;
    apipie_request *request; /* a reference, or NULL */
};

struct uploads {
    struct upload *list;
    size_t count;
};

static const char *file_of(const struct cli_options *o, size_t i)
{
    return i == 0 ? o->image : o->more_images[i - 1];
}

static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    static const char *const hint = "apipie upload --help shows the options";

    if (o->sandbox && o->base_url != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--sandbox and --base-url exclude each other",
                        NULL, NULL);
    else if (o->image == NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "FILE is missing", NULL, NULL);
    for (size_t i = 0; f->status == APIPIE_OK && i <= o->more_image_count; i++) {
        if (file_of(o, i)[0] == '\0')
            cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "FILE is empty", NULL, NULL);
        else if (cli_input_is_url(file_of(o, i)))
            cli_failure_set(f, APIPIE_E_ARGUMENT, "--image takes a URL as it is",
                            "this has a URL already: ", file_of(o, i), NULL);
    }
}

/* ---- before anything is sent */

/* The library speaks of --image; here each file is named. */
static void name_file(struct cli_failure *f, const char *file)
{
    static const char option[] = "--image: ";
    const size_t n = sizeof option - 1;
    char problem[sizeof f->message];

    (void)snprintf(problem, sizeof problem, "%s",
                   strncmp(f->message, option, n) == 0 ? f->message + n : f->message);
    if (strstr(problem, file) != NULL)
        (void)snprintf(f->message, sizeof f->message, "%s", problem);
    else
        (void)snprintf(f->message, sizeof f->message, "%.300s: %.400s", file, problem);
}

/* A pipe comes once: it is read now. */
static void set_picture(const struct upload *u, struct cli_failure *f)
{
    struct stat about;
    size_t size = 0;
    void *bytes;

    if (stat(u->file, &about) != 0 || S_ISREG(about.st_mode)) {
        (void)apipie_request_set_image_file(u->request, u->file);
        return;
    }
    bytes = cli_input_read(u->file, APIPIE_LIMIT_INPUT, "", &size, f);
    if (bytes != NULL)
        (void)apipie_request_set_image_bytes(u->request, bytes, size);
    free(bytes);
}

static void prepare(struct upload *u, const struct cli_options *o, apipie_client *client,
                    struct cli_failure *f)
{
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_UPLOAD);
    const apipie_error *error;

    u->request = r;
    if (r == NULL) {
        cli_failure_memory(f);
        return;
    }
    (void)apipie_request_set_backend(r, cli_config_asked(o));
    if (o->timeout_ms != CLI_UNSET)
        (void)apipie_request_set_timeout(r, o->timeout_ms);
    if (o->retries != CLI_UNSET)
        (void)apipie_request_set_retry(r, APIPIE_RETRY_SAFE, (int32_t)o->retries);
    set_picture(u, f);
    error = apipie_request_error(r);
    if (f->status != APIPIE_OK || error == NULL)
        return;
    cli_failure_take(f, apipie_error_code(error), r, NULL);
    name_file(f, u->file);
}

/* ---- sending, telling */

static void send(const struct upload *u, struct cli_failure *f)
{
    apipie_status status;

    cli_interrupt_watch(u->request);
    status = apipie_request_perform(u->request);
    cli_interrupt_watch(NULL);
    if (status == APIPIE_OK)
        return;
    cli_failure_take(f, status, u->request, NULL);
    name_file(f, u->file);
}

static void tell(const struct upload *u)
{
    const apipie_result *result = apipie_request_result(u->request);
    char words[CLI_WARNING_ROOM];

    cli_text_print(stdout, apipie_result_image_url(result, 0));
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    for (size_t i = 0; i < apipie_result_warning_count(result); i++) {
        cli_report_warning(result, i, words, sizeof words);
        (void)fputs("note: ", stderr);
        cli_text_print(stderr, u->file);
        (void)fputs(": ", stderr);
        cli_text_print(stderr, words);
        (void)fputc('\n', stderr);
    }
}

static void tell_json_one(struct cli_json *j, const struct upload *u)
{
    const apipie_result *result = apipie_request_result(u->request);
    char words[CLI_WARNING_ROOM];

    cli_json_open(j, NULL, '{');
    cli_json_text(j, "file", u->file);
    cli_json_text(j, "url", apipie_result_image_url(result, 0));
    cli_json_text(j, "backend", apipie_result_backend(result));
    cli_json_number(j, "elapsed_ms", apipie_request_elapsed(u->request));
    cli_json_open(j, "warnings", '[');
    for (size_t i = 0; i < apipie_result_warning_count(result); i++) {
        cli_report_warning(result, i, words, sizeof words);
        cli_json_text(j, NULL, words);
    }
    cli_json_close(j, ']');
    cli_json_close(j, '}');
}

static void tell_json(const struct uploads *all)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_open(&j, "uploads", '[');
    for (size_t i = 0; i < all->count; i++)
        tell_json_one(&j, &all->list[i]);
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

/* All are looked at before the first one goes. */
static void work(struct uploads *all, const struct cli_options *o, apipie_client *client,
                 struct cli_failure *f)
{
    for (size_t i = 0; f->status == APIPIE_OK && i < all->count; i++) {
        all->list[i].file = file_of(o, i);
        prepare(&all->list[i], o, client, f);
    }
    for (size_t i = 0; f->status == APIPIE_OK && i < all->count; i++) {
        send(&all->list[i], f);
        if (f->status == APIPIE_OK && !o->json)
            tell(&all->list[i]);
    }
    if (f->status == APIPIE_OK && o->json)
        tell_json(all);
    if (f->status == APIPIE_OK && (fflush(stdout) != 0 || ferror(stdout)))
        cli_failure_set(f, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno), NULL);
}

/* The report comes before the requests go: its text may belong to one. */
static int run(const struct cli_options *o, apipie_client *client)
{
    struct cli_failure failure = {0};
    struct uploads all = {NULL, o->more_image_count + 1};
    int code;

    all.list = calloc(all.count, sizeof *all.list);
    if (all.list == NULL)
        cli_failure_memory(&failure);
    else
        work(&all, o, client, &failure);
    code = cli_report(&failure, o->json);
    for (size_t i = 0; all.list != NULL && i < all.count; i++)
        (void)apipie_request_unref(all.list[i].request);
    free(all.list);
    return code;
}

int cli_upload(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_session session = {0};
    struct cli_options asking = *o; /* its lists stay those of o */
    int code;

    check_options(o, &failure);
    asking.backend = cli_config_asked(o); /* no routes */
    if (failure.status == APIPIE_OK)
        cli_session_open(&session, &asking, &failure);
    code = failure.status == APIPIE_OK ? run(o, session.client) : cli_report(&failure, o->json);
    cli_session_close(&session);
    return code;
}
