/* SPDX-License-Identifier: MIT */
/* Knows the course of one line of a batch: read, look up, send, report; not which lines there are. */
#include "batch_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "json_out.h"
#include "recipe.h"
#include "session.h"

static enum cli_place place_of(const struct cli_batch_job *job)
{
    return job->line.options.output == NULL ? CLI_HERE : CLI_THERE;
}

static void free_job(struct cli_batch_job *job)
{
    job->draft.request = apipie_request_unref(job->draft.request);
    cli_batch_line_free(&job->line);
}

/* ---- telling */

static void told(struct cli_batch_room *room)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    cli_failure_set(&room->failure, APIPIE_E_FILE,
                    "pictures that were drawn are there all the same",
                    "cannot write to stdout: ", strerror(errno), NULL);
}

static void tell_failure(const struct cli_failure *f, struct cli_batch_room *room, int64_t index,
                         const char *prompt)
{
    struct cli_entry entry = {index, prompt};

    cli_tally_add(&room->tally, index, f->status, f->request);
    cli_tally_clear(&room->tally);
    cli_report_failure_json(f, &entry);
    told(room);
}

static void tell_skipped(struct cli_batch_job *job, struct cli_batch_room *room,
                         struct cli_journal_line *line)
{
    struct cli_json j = {stdout, 0};

    room->tally.skipped++;
    cli_tally_clear(&room->tally);
    line->text[line->files.at + line->files.n - line->text] = '\0';
    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_flag(&j, "skipped", 1);
    cli_json_raw(&j, "images", line->files.at);
    cli_json_number(&j, "index", job->index);
    cli_json_text(&j, "prompt", job->line.options.prompt);
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
    told(room);
}

static void tell_success(struct cli_batch_job *job, struct cli_batch_room *room)
{
    struct cli_entry entry = {job->index, job->line.options.prompt};

    cli_tally_add(&room->tally, job->index, APIPIE_OK, job->draft.request);
    cli_tally_clear(&room->tally);
    cli_report_success_json(job->draft.request, place_of(job), &entry);
    told(room);
}

/* ---- before it is sent */

static void add_text(struct cli_digest *digest, const char *text)
{
    if (text == NULL)
        cli_digest_add(digest, "\1", 1);
    else
        cli_digest_add(digest, text, strlen(text) + 1);
}

/* All that rules which picture comes, and where it goes. */
static void make_key(struct cli_batch_job *job, const char *parameters)
{
    const struct cli_options *o = &job->line.options;
    struct cli_digest digest;

    cli_digest_begin(&digest);
    add_text(&digest, cli_session_place(o));
    add_text(&digest, o->output);
    for (size_t i = 0; i < o->route_count; i++)
        add_text(&digest, o->routes[i].text);
    for (size_t i = 0; i < cli_config_routes(o); i++)
        add_text(&digest, o->config->routes[i].text);
    add_text(&digest, parameters);
    add_text(&digest, job->draft.image.sha256);
    if (job->draft.mask.sha256[0] != '\0')
        add_text(&digest, job->draft.mask.sha256);
    cli_digest_end(&digest, job->key);
}

static int has_file(const struct cli_options *o)
{
    return o->output != NULL && !cli_draft_is_folder(o->output) && !cli_draft_is_stream(o->output);
}

static void claim_name(struct cli_batch_job *job, struct cli_batch_room *room,
                       struct cli_failure *f)
{
    char number[32];
    int64_t owner;

    if (!has_file(&job->line.options))
        return;
    owner = cli_names_add(&room->names, job->line.options.output, job->index);
    (void)snprintf(number, sizeof number, "%lld", (long long)owner);
    if (owner < 0)
        cli_failure_memory(f);
    else if (owner > 0)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "give each line a file of its own",
                        job->line.options.output, ": is the file of an earlier line, number ",
                        number);
}

static void prepare(struct cli_batch_job *job, struct cli_batch_room *room, struct cli_failure *f)
{
    char *parameters;

    claim_name(job, room, f);
    if (f->status == APIPIE_OK)
        cli_draft_make(&job->draft, &job->line.options, room->client, f);
    if (f->status != APIPIE_OK || job->draft.refused != NULL)
        return;
    parameters = cli_draft_parameters(job->draft.request);
    if (parameters == NULL)
        cli_failure_memory(f);
    else
        make_key(job, parameters);
    free(parameters);
}

/* 1 when there is nothing to do any more. */
static int is_done(struct cli_batch_job *job, struct cli_batch_room *room)
{
    struct cli_journal_line line;

    if (job->draft.refused != NULL || !cli_journal_find(room->journal, job->key, &line))
        return 0;
    tell_skipped(job, room, &line);
    free(line.text);
    return 1;
}

static void send_it(struct cli_batch_job *job, struct cli_failure *f)
{
    apipie_status status;

    cli_recipe_check(&job->line.options, f);
    if (f->status != APIPIE_OK)
        return;
    status = apipie_request_submit(job->draft.request);
    if (status != APIPIE_OK)
        cli_failure_take(f, status, job->draft.request, job->draft.refused);
}

int cli_batch_job_start(struct cli_batch_job *job, struct cli_batch_room *room, int64_t index,
                        const char *text, size_t n)
{
    struct cli_failure failure = {0};

    job->index = index;
    memset(&job->draft, 0, sizeof job->draft);
    cli_batch_line_read(&job->line, room->options, text, n, &failure);
    if (failure.status == APIPIE_OK)
        prepare(job, room, &failure);
    if (failure.status == APIPIE_OK && is_done(job, room)) {
        free_job(job);
        return 0;
    }
    if (failure.status == APIPIE_OK)
        send_it(job, &failure);
    if (failure.status == APIPIE_OK)
        return 1;
    tell_failure(&failure, room, index, job->line.options.prompt);
    free_job(job);
    return 0;
}

void cli_batch_job_too_long(struct cli_batch_room *room, int64_t index)
{
    struct cli_failure failure = {0};

    cli_failure_set(&failure, APIPIE_E_ARGUMENT, "", "the line is longer than 2 MiB", NULL, NULL);
    tell_failure(&failure, room, index, NULL);
}

/* ---- after it came back */

static void keep(struct cli_batch_job *job, struct cli_batch_room *room)
{
    struct cli_failure failure = {0};

    cli_recipe_write(&job->line.options, &job->draft, &failure);
    cli_journal_add(room->journal, job->key, job->index, apipie_request_result(job->draft.request),
                    place_of(job), &room->failure);
    tell_success(job, room);
    if (failure.status != APIPIE_OK) {
        cli_tally_note(&room->tally, job->index, failure.status);
        (void)cli_report(&failure, 0);
    }
}

void cli_batch_job_end(struct cli_batch_job *job, struct cli_batch_room *room)
{
    apipie_status status = apipie_request_status(job->draft.request);
    struct cli_failure failure = {0};

    if (status == APIPIE_OK) {
        keep(job, room);
    } else {
        cli_failure_take(&failure, status, job->draft.request, job->draft.refused);
        tell_failure(&failure, room, job->index, job->line.options.prompt);
    }
    free_job(job);
}
