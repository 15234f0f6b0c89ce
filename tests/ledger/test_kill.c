/* SPDX-License-Identifier: MIT */
/* Processes that share a ledger are killed at random moments: what they had settled stands in it, once.
 * test_kill [COUNT], or APIPIE_LEDGER_KILLS in the environment; 10 without either. */
#include "meter_support.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW      HOUR(12)
#define CHILDREN 2
/* A new file now and then, for each is read whole after each kill. */
#define KILLS_A_FILE 10

static int kill_count = 10;

/* One step of an attempt: a line of the ledger, or a report of a child. */
struct step {
    char id[37];
    char type; /* 'r' reserve, 's' settle, 'v' resolve */
    int32_t billed;
    int64_t money; /* reserve: the amount; others: what counts when billed is YES */
};

struct steps {
    struct step *p;
    size_t n, room;
};

static void steps_add(struct steps *s, const struct step *step)
{
    if (s->n == s->room) {
        s->room = s->room != 0 ? s->room * 2 : 1024;
        s->p = realloc(s->p, s->room * sizeof(*s->p));
        assert_non_null(s->p);
    }
    s->p[s->n++] = *step;
}

static int steps_compare(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    const int by_id = strcmp(x->id, y->id);
    return by_id != 0 ? by_id : x->type - y->type;
}

/* ---- The child: reserves, settles and resolves until it dies, and reports each step that is done. */

static void child_report(int out, const char *id, char type, int32_t billed, int64_t money)
{
    struct step step;
    memset(&step, 0, sizeof(step));
    memcpy(step.id, id, sizeof(step.id));
    step.type = type;
    step.billed = billed;
    step.money = billed == APIPIE_BILLED_YES || type == 'r' ? money : 0;
    if (write(out, &step, sizeof(step)) != (ssize_t)sizeof(step))
        _exit(1);
}

static void child_attempt(struct pie_meter *m, int out, uint64_t random)
{
    struct pie_meter_ask ask =
        meter_ask(random & 1 ? "odd" : NULL, (int64_t)(random % 97) + 1, NOW);
    struct pie_meter_hold hold = {0};
    struct apipie_error err;
    int64_t charge = 0;
    struct pie_meter_end end = {(int32_t)((random >> 8) % 3), APIPIE_OUTCOME_DELIVERED,
                                random & 2 ? (int64_t)(random % 89) : APIPIE_UNKNOWN, "req", NOW};
    char id[37];
    pie_error_init(&err, &pie_mem_libc);
    if (pie_meter_reserve(m, &ask, &hold, &err) != APIPIE_OK)
        _exit(2);
    memcpy(id, hold.id, sizeof(id));
    child_report(out, id, 'r', 0, hold.amount);
    if (random & 4) { /* the first one is never settled */
        if (pie_meter_reserve(m, &ask, &hold, &err) != APIPIE_OK)
            _exit(2);
        child_report(out, hold.id, 'r', 0, hold.amount);
        memcpy(id, hold.id, sizeof(id));
    }
    pie_meter_settle(m, &hold, &end, &charge);
    child_report(out, id, 's', end.billed, charge);
    if (end.billed != APIPIE_BILLED_UNKNOWN || (random & 8) == 0)
        return;
    pie_meter_resolve(m, id, APIPIE_BILLED_YES, 3, NOW);
    child_report(out, id, 'v', APIPIE_BILLED_YES, 3);
}

static void child_run(const char *path, int out)
{
    struct pie_meter *m = pie_meter_new(&pie_mem_libc);
    const char *reason = NULL;
    if (m == NULL || pie_meter_open_ledger(m, path, NOW, &reason) != APIPIE_OK)
        _exit(3);
    pie_meter_set_cap(m, NULL, APIPIE_DOLLAR);
    for (;;) {
        uint64_t random = 0;
        pie_random(&random, sizeof(random));
        child_attempt(m, out, random);
    }
}

/* ---- The parent. */

static void steps_read(struct steps *s, int in, int64_t wait_ms, int32_t to_end)
{
    const int64_t until = pie_clock_ms() + wait_ms;
    for (;;) {
        struct pollfd p = {in, POLLIN, 0};
        struct step step;
        const int64_t left = until - pie_clock_ms();
        if (poll(&p, 1, to_end ? -1 : left > 0 ? (int)left : 0) < 0 && errno == EINTR)
            continue;
        if (p.revents == 0)
            return;
        /* reports are shorter than PIPE_BUF: whole or not at all */
        const ssize_t got = read(in, &step, sizeof(step));
        if (got != (ssize_t)sizeof(step)) {
            assert_int_equal(got, 0);
            assert_true(to_end); /* nobody ends by itself */
            return;
        }
        steps_add(s, &step);
    }
}

static void kill_pause(uint64_t us)
{
    const struct timespec pause = {0, (long)us * 1000};
    nanosleep(&pause, NULL);
}

static void kill_once(const char *path, struct steps *reports)
{
    pid_t child[CHILDREN];
    int ends[2];
    const size_t before = reports->n;
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < CHILDREN; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0) {
            close(ends[0]);
            child_run(path, ends[1]);
        }
    }
    close(ends[1]);
    for (int i = 0; i < 3000 && reports->n == before; i++)
        steps_read(reports, ends[0], 10, 0);
    steps_read(reports, ends[0], (int64_t)pie_random_below(12), 0);
    kill_pause(pie_random_below(1000));
    for (int i = 0; i < CHILDREN; i++)
        kill(child[i], SIGKILL);
    steps_read(reports, ends[0], 0, 1);
    close(ends[0]);
    for (int i = 0; i < CHILDREN; i++) {
        int how = 0;
        assert_int_equal(waitpid(child[i], &how, 0), child[i]);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    }
    assert_true(reports->n > before);
}

static int32_t kill_billed(struct pie_slice word)
{
    return pie_slice_equal(word, "no")    ? APIPIE_BILLED_NO
           : pie_slice_equal(word, "yes") ? APIPIE_BILLED_YES
                                          : APIPIE_BILLED_UNKNOWN;
}

/* A line as this test reads it, whatever the library makes of it. 1 when it was cut: a kill interrupts a write between
 * two pages of the file. */
static size_t kill_read_line(struct steps *s, const char *p, size_t n)
{
    struct pie_doc *doc = NULL;
    struct step step;
    memset(&step, 0, sizeof(step));
    if (pie_doc_parse(&pie_mem_libc, pie_slice(p, n), &doc) != APIPIE_OK)
        return 1;
    const struct pie_node *root = pie_doc_root(doc);
    struct pie_slice type = pie_node_text(pie_node_get(root, "type"));
    pie_text_copy(pie_node_text(pie_node_get(root, "id")), step.id, sizeof(step.id));
    assert_int_equal(strlen(step.id), 36);
    step.type = pie_slice_equal(type, "reserve")  ? 'r'
                : pie_slice_equal(type, "settle") ? 's'
                                                  : 'v';
    if (step.type != 'r')
        step.billed = kill_billed(pie_node_text(pie_node_get(root, "billed")));
    const char *name = step.type == 'r' ? "amount_usd" : "cost_usd";
    if (step.type == 'r' || step.billed == APIPIE_BILLED_YES)
        assert_int_equal(pie_node_money(pie_node_get(root, name), &step.money), APIPIE_OK);
    pie_doc_free(doc);
    steps_add(s, &step);
    return 0;
}

/* How many lines are cut: no more than one for each process that died, as the last thing it did. */
static size_t kill_read_file(struct steps *s, const char *path)
{
    size_t n = 0, cut = 0;
    char *all = file_read(path, &n);
    for (char *line = all; line < all + n;) {
        char *end = memchr(line, '\n', (size_t)(all + n - line));
        end = end != NULL ? end : all + n;
        if (end != line)
            cut += kill_read_line(s, line, (size_t)(end - line));
        line = end + 1;
    }
    free(all);
    qsort(s->p, s->n, sizeof(*s->p), steps_compare);
    return cut;
}

/* The sum over the file, attempt by attempt: no line twice, no end without a beginning. */
static struct pie_meter_totals kill_add_up(const struct steps *file)
{
    struct pie_meter_totals t = {0, 0, 0, 0, 0};
    for (size_t i = 0; i < file->n;) {
        const struct step *first = &file->p[i], *last = first;
        assert_int_equal(first->type, 'r');
        for (i++; i < file->n && strcmp(file->p[i].id, first->id) == 0; i++) {
            assert_true(file->p[i].type > last->type);
            assert_true(last->type == 'r' || last->billed == APIPIE_BILLED_UNKNOWN);
            last = &file->p[i];
        }
        if (last->type == 'r' || last->billed == APIPIE_BILLED_UNKNOWN) {
            t.unknown += first->money;
            t.unknown_count++;
        } else if (last->billed == APIPIE_BILLED_YES) {
            t.spent += last->money;
        }
    }
    return t;
}

/* Returns how many lines are cut. */
static size_t kill_check(const char *path, const struct steps *reports, size_t kills)
{
    struct steps file = {NULL, 0, 0};
    struct pie_meter_totals got;
    const size_t cut = kill_read_file(&file, path);
    const struct pie_meter_totals want = kill_add_up(&file);
    struct pie_meter *m = meter_on(path, NOW);
    pie_meter_totals(m, NULL, NOW, &got);
    pie_meter_free(m);
    assert_int_equal(got.spent, want.spent);
    assert_int_equal(got.unknown, want.unknown);
    assert_int_equal(got.unknown_count, want.unknown_count);
    assert_int_equal(got.reserved, 0);
    for (size_t i = 0; i < reports->n; i++) {
        const struct step *said = &reports->p[i];
        const struct step *line = bsearch(said, file.p, file.n, sizeof(*file.p), steps_compare);
        if (line == NULL || line->billed != said->billed || line->money != said->money)
            fail_msg("%s %c is not in the ledger as it was reported", said->id, said->type);
    }
    /* begun or done, but not reported: at most one step for each process that died */
    assert_in_range(file.n + cut - reports->n, 0, kills * CHILDREN);
    free(file.p);
    return cut;
}

static void kills(void **state)
{
    const struct place *at = *state;
    struct steps reports = {NULL, 0, 0};
    size_t all = 0, cut = 0, cut_before = 0;
    for (int i = 0; i < kill_count; i++) {
        if (i % KILLS_A_FILE == 0) {
            all += reports.n;
            reports.n = 0;
            cut_before += cut;
            unlink(at->path);
        }
        kill_once(at->path, &reports);
        cut = kill_check(at->path, &reports, (size_t)(i % KILLS_A_FILE) + 1);
    }
    print_message("%d kills of %d processes, %zu steps reported, %zu lines cut\n", kill_count,
                  CHILDREN, all + reports.n, cut_before + cut);
    free(reports.p);
}

int main(int argc, char **argv)
{
    const char *environment = getenv("APIPIE_LEDGER_KILLS");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kills, place_setup, place_teardown),
    };
    if (argc > 1)
        kill_count = atoi(argv[1]);
    else if (environment != NULL)
        kill_count = atoi(environment);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
