/* SPDX-License-Identifier: MIT */
/* Knows how a batch goes on: which lines are out, when the next one starts, when it stops; not what a line is. */
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch_job.h"
#include "interrupt.h"
#include "lines.h"
#include "text.h"

#define JOBS 8
#define SLICE_MS                                                                                   \
    20 /* of waiting for one request: the others and the input are looked after between */
#define IDLE_MS    100 /* of waiting for input alone: an interrupt is seen so late */
#define TURN_LINES 256 /* that are looked at before those that are out have their turn */

struct batch {
    struct cli_batch_room room;
    struct cli_lines lines;
    struct cli_batch_job *jobs;
    size_t job_count, running;
    int is_file; /* of which the end can be seen */
    int ended;
};

/* ---- before it begins */

static int is_text(const char *text)
{
    while (*text != '\0') {
        size_t n;

        if (cli_text_next(text, &n) < 0)
            return 0;
        text += n;
    }
    return 1;
}

static int is_there(const char *folder)
{
    struct stat about;

    return stat(folder, &about) == 0 && S_ISDIR(about.st_mode);
}

void cli_batch_check(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = "apipie generate --help shows the options";

    if (o->prompt != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--batch brings the prompts: \"", o->prompt,
                        "\" is one too many");
    else if (o->batch[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--batch is empty", NULL, NULL);
    else if (o->output != NULL && !is_there(o->output) && strcmp(o->output, "/dev/null") != 0)
        cli_failure_set(f, APIPIE_E_ARGUMENT,
                        "a folder that is there; a line may name its file: {\"prompt\":\"...\","
                        "\"o\":\"x.png\"}",
                        "-o takes a folder with --batch: ", o->output, NULL);
    else if (o->output != NULL && !is_text(o->output))
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "-o takes UTF-8 with --batch", NULL, NULL);
}

static void open_input(struct batch *b, struct cli_failure *f)
{
    const char *path = b->room.options->batch;
    struct stat about;
    int file = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0 || fstat(file, &about) != 0) {
        cli_failure_set(f, APIPIE_E_FILE, strerror(errno), "--batch: cannot read ", path, NULL);
        return;
    }
    if (S_ISDIR(about.st_mode))
        cli_failure_set(f, APIPIE_E_FILE, "", "--batch: a folder: ", path, NULL);
    b->is_file = S_ISREG(about.st_mode) && file != STDIN_FILENO;
    cli_lines_begin(&b->lines, file);
}

/* The pictures of a device are gone afterwards: no line of it is ever done. */
static void open_journal(struct batch *b, struct cli_failure *f)
{
    const struct cli_options *o = b->room.options;

    if (f->status == APIPIE_OK && b->is_file && (o->output == NULL || is_there(o->output)))
        b->room.journal = cli_journal_open(o->batch, f);
}

/* The lines that ask for something, from here to the end or to where more must be waited for. */
static int64_t count_lines(struct cli_lines *lines, int waits)
{
    enum cli_lines_state state;
    int64_t count = 0;
    char *text;
    size_t n;

    while ((state = cli_lines_next(lines, &text, &n)) != CLI_LINES_END) {
        if (state == CLI_LINES_WANT && !waits)
            break;
        if (state == CLI_LINES_WANT)
            cli_lines_fill(lines);
        else
            count += state == CLI_LINES_TOO_LONG || !cli_batch_line_is_empty(text);
    }
    return count;
}

/* For the time that is left, which only a terminal shows. */
static void count_total(struct batch *b)
{
    struct cli_lines lines;

    if (!b->is_file || !b->room.tally.is_live)
        return;
    cli_lines_begin(&lines, b->lines.file);
    b->room.tally.total = count_lines(&lines, 1);
    cli_lines_free(&lines);
    (void)lseek(b->lines.file, 0, SEEK_SET);
}

/* ---- while it runs */

static struct cli_batch_job *free_place(struct batch *b)
{
    size_t i = 0;

    while (b->jobs[i].draft.request != NULL)
        i++;
    return &b->jobs[i];
}

static void start_line(struct batch *b, const char *text, size_t n)
{
    static const char mark[] = "\xEF\xBB\xBF";

    if (b->lines.number == 1 && strncmp(text, mark, 3) == 0) {
        text += 3;
        n -= 3;
    }
    if (cli_batch_line_is_empty(text) && strlen(text) == n)
        return;
    b->running += (size_t)cli_batch_job_start(free_place(b), &b->room, b->lines.number, text, n);
}

static int goes_on(const struct batch *b)
{
    return b->room.tally.stop == CLI_TALLY_GOES_ON;
}

/* Starts lines while there are places and lines. */
static void start_lines(struct batch *b)
{
    for (int turn = 0; turn < TURN_LINES && b->running < b->job_count && goes_on(b); turn++) {
        char *text;
        size_t n;

        switch (cli_lines_next(&b->lines, &text, &n)) {
        case CLI_LINES_LINE:
            start_line(b, text, n);
            break;
        case CLI_LINES_TOO_LONG:
            cli_batch_job_too_long(&b->room, b->lines.number);
            break;
        case CLI_LINES_WANT:
            if (!cli_lines_ready(&b->lines, 0))
                return;
            cli_lines_fill(&b->lines);
            break;
        case CLI_LINES_END:
            b->ended = 1;
            return;
        }
        if (b->room.failure.status != APIPIE_OK)
            b->room.tally.stop = CLI_TALLY_BROKEN;
    }
}

static void end_lines(struct batch *b)
{
    for (size_t i = 0; i < b->job_count; i++) {
        struct cli_batch_job *job = &b->jobs[i];

        if (job->draft.request == NULL ||
            apipie_request_status(job->draft.request) == APIPIE_PENDING)
            continue;
        cli_batch_job_end(job, &b->room);
        b->running--;
    }
    if (b->room.failure.status != APIPIE_OK && goes_on(b))
        b->room.tally.stop = CLI_TALLY_BROKEN;
}

static void interrupt(struct batch *b)
{
    b->room.tally.stop = CLI_TALLY_INTERRUPTED;
    for (size_t i = 0; i < b->job_count; i++)
        apipie_request_cancel(b->jobs[i].draft.request);
}

static void wait_a_little(struct batch *b)
{
    for (size_t i = 0; i < b->job_count; i++) {
        if (b->jobs[i].draft.request != NULL) {
            (void)apipie_request_wait(b->jobs[i].draft.request, SLICE_MS);
            return;
        }
    }
    if (goes_on(b) && !b->ended)
        (void)cli_lines_ready(&b->lines, IDLE_MS);
}

static void run(struct batch *b)
{
    while (b->running > 0 || (goes_on(b) && !b->ended)) {
        start_lines(b);
        wait_a_little(b);
        end_lines(b);
        if (b->room.tally.stop != CLI_TALLY_INTERRUPTED && cli_interrupt_came())
            interrupt(b);
        cli_tally_show(&b->room.tally);
    }
}

/* ---- at the end */

static int finish(struct batch *b)
{
    int code;

    if (b->lines.problem != 0)
        cli_failure_set(&b->room.failure, APIPIE_E_FILE, "",
                        "--batch: cannot read on: ", strerror(b->lines.problem), NULL);
    if (!goes_on(b)) {
        b->room.tally.not_started = count_lines(&b->lines, b->is_file);
        b->room.tally.not_started_open = !b->is_file && !b->lines.ended;
    }
    code = cli_tally_end(&b->room.tally);
    if (b->room.failure.status == APIPIE_OK)
        return code;
    (void)cli_report(&b->room.failure, 0);
    return b->room.tally.stop == CLI_TALLY_INTERRUPTED ? code
                                                       : cli_exit_code(b->room.failure.status);
}

static void close_all(struct batch *b)
{
    if (b->lines.file > STDERR_FILENO)
        (void)close(b->lines.file);
    (void)cli_journal_close(b->room.journal);
    cli_names_free(&b->room.names);
    cli_lines_free(&b->lines);
    free(b->jobs);
}

int cli_batch_run(const struct cli_options *options, apipie_client *client)
{
    struct cli_failure failure = {0};
    struct batch b;
    int code;

    memset(&b, 0, sizeof b);
    b.room.options = options;
    b.room.client = client;
    b.job_count = options->jobs == CLI_UNSET ? JOBS : (size_t)options->jobs;
    b.jobs = calloc(b.job_count, sizeof *b.jobs);
    if (b.jobs == NULL)
        cli_failure_memory(&failure);
    open_input(&b, &failure);
    open_journal(&b, &failure);
    cli_tally_begin(&b.room.tally);
    if (failure.status == APIPIE_OK) {
        count_total(&b);
        run(&b);
        code = finish(&b);
    } else {
        code = cli_report(&failure, options->json);
    }
    close_all(&b);
    return code;
}
