/* SPDX-License-Identifier: MIT */
/* Knows the file that says which lines of a batch are done; not what a line asks for. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json_out.h"
#include "lines.h"
#include "save.h"

static const char begins[] = "{\"apipie_batch\":1,";

struct entry {
    char key[CLI_DIGEST_TEXT];
    int64_t offset;
    size_t length;
    size_t taken; /* of the first entry of a key: how many of them were given */
};

struct cli_journal {
    char *path;
    int file;
    struct entry *entries; /* by key, then by offset */
    size_t count, room;
};

static void fail(struct cli_failure *f, const struct cli_journal *j, const char *what)
{
    cli_failure_set(f, APIPIE_E_FILE, "without a journal: apipie generate --batch - < FILE",
                    j->path, ": ", what);
}

/* ---- one line */

/* The file that an object of "files" names. */
static int read_file(const struct cli_json_value *object, char *path, int64_t *ret_bytes)
{
    struct cli_json_walk walk;
    struct cli_json_value name, value;
    int found = 0;

    if (object->kind != CLI_JSON_OBJECT)
        return 0;
    cli_json_walk(&walk, object);
    while (cli_json_next(&walk, &name, &value)) {
        if (cli_json_is(&name, "path") && value.kind == CLI_JSON_TEXT)
            found += cli_json_decode(&value, path) > 0;
        else if (cli_json_is(&name, "bytes") && value.kind == CLI_JSON_NUMBER)
            *ret_bytes = strtoll(value.at, NULL, 10);
    }
    return found == 1;
}

/* 1 when the line is one of ours. */
static int read_line(const char *text, size_t n, char key[CLI_DIGEST_TEXT],
                     struct cli_json_value *ret_files)
{
    struct cli_json_walk walk;
    struct cli_json_value line, name, value;
    int has_key = 0, has_files = 0;

    if (strncmp(text, begins, strlen(begins)) != 0 || cli_json_read(text, n, &line) != NULL)
        return 0;
    cli_json_walk(&walk, &line);
    while (cli_json_next(&walk, &name, &value)) {
        if (cli_json_is(&name, "key") && value.kind == CLI_JSON_TEXT &&
            value.n == CLI_DIGEST_TEXT + 1) {
            (void)cli_json_decode(&value, key);
            has_key = 1;
        } else if (cli_json_is(&name, "files") && value.kind == CLI_JSON_ARRAY) {
            *ret_files = value;
            has_files = 1;
        }
    }
    return has_key && has_files;
}

/* ---- what is there already */

static int add_entry(struct cli_journal *j, const char *key, int64_t offset, size_t length)
{
    struct entry *e;

    if (j->count == j->room) {
        size_t room = j->room * 2 + 256;
        struct entry *more = realloc(j->entries, room * sizeof *more);

        if (more == NULL)
            return 0;
        j->entries = more;
        j->room = room;
    }
    e = &j->entries[j->count++];
    memcpy(e->key, key, CLI_DIGEST_TEXT);
    e->offset = offset;
    e->length = length;
    e->taken = 0;
    return 1;
}

/* The last line may be cut, as whoever wrote it was killed: what is no line of ours, but the beginning of one, goes. A
 * line that only lacks its end gets it. */
static void mend(struct cli_journal *j, const char *text, size_t n, int64_t offset, int has_all,
                 struct cli_failure *f)
{
    size_t known = n < strlen(begins) ? n : strlen(begins);

    if (has_all) {
        if (pwrite(j->file, "\n", 1, offset + (int64_t)n) != 1)
            fail(f, j, strerror(errno));
    } else if (memcmp(text, begins, known) != 0) {
        fail(f, j, "this is no journal of a batch; move it away");
    } else if (ftruncate(j->file, offset) != 0) {
        fail(f, j, strerror(errno));
    }
}

static void read_one(struct cli_journal *j, const struct cli_lines *lines, const char *text,
                     size_t n, struct cli_failure *f)
{
    char key[CLI_DIGEST_TEXT];
    struct cli_json_value files;
    int good = read_line(text, n, key, &files);

    if (!good && !lines->is_open)
        fail(f, j, "this is no journal of a batch; move it away");
    else if (good && !add_entry(j, key, lines->begin, n))
        cli_failure_memory(f);
    if (lines->is_open)
        mend(j, text, n, lines->begin, good, f);
}

static void read_all(struct cli_journal *j, struct cli_failure *f)
{
    struct cli_lines lines;
    enum cli_lines_state state;
    char *text;
    size_t n;

    cli_lines_begin(&lines, j->file);
    while (f->status == APIPIE_OK && (state = cli_lines_next(&lines, &text, &n)) != CLI_LINES_END) {
        if (state == CLI_LINES_WANT)
            cli_lines_fill(&lines);
        else if (state == CLI_LINES_TOO_LONG)
            fail(f, j, "this is no journal of a batch; move it away");
        else
            read_one(j, &lines, text, n, f);
    }
    if (lines.problem != 0)
        fail(f, j, strerror(lines.problem));
    cli_lines_free(&lines);
}

static int compare(const void *a, const void *b)
{
    const struct entry *one = a, *two = b;
    int order = memcmp(one->key, two->key, CLI_DIGEST_TEXT);

    return order != 0 ? order : (one->offset > two->offset) - (one->offset < two->offset);
}

/* Two runs of one batch would draw every line twice. */
static int lock(int file)
{
    struct flock whole;

    memset(&whole, 0, sizeof whole);
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    return fcntl(file, F_SETLK, &whole) == 0;
}

static void open_file(struct cli_journal *j, struct cli_failure *f)
{
    struct stat about;

    j->file = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (j->file < 0 || fstat(j->file, &about) != 0)
        fail(f, j, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        fail(f, j, "this is no file");
    else if (!lock(j->file))
        fail(f, j,
             errno == EACCES || errno == EAGAIN ? "another run works on this batch"
                                                : strerror(errno));
    else
        read_all(j, f);
    if (j->count > 0)
        qsort(j->entries, j->count, sizeof *j->entries, compare);
}

struct cli_journal *cli_journal_open(const char *batch, struct cli_failure *f)
{
    struct cli_journal *j = calloc(1, sizeof *j);
    size_t n = strlen(batch) + sizeof ".done";

    if (j != NULL) {
        j->file = -1;
        j->path = malloc(n);
    }
    if (j == NULL || j->path == NULL) {
        cli_failure_memory(f);
        return cli_journal_close(j);
    }
    (void)snprintf(j->path, n, "%s.done", batch);
    open_file(j, f);
    return f->status == APIPIE_OK ? j : cli_journal_close(j);
}

struct cli_journal *cli_journal_close(struct cli_journal *j)
{
    if (j == NULL)
        return NULL;
    if (j->file >= 0)
        (void)close(j->file);
    free(j->entries);
    free(j->path);
    free(j);
    return NULL;
}

/* ---- asking */

static struct entry *next_of(struct cli_journal *j, const char *key)
{
    size_t low = 0, high = j->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(j->entries[middle].key, key, CLI_DIGEST_TEXT) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    high = low;
    if (high < j->count)
        high += j->entries[low].taken;
    if (high >= j->count || memcmp(j->entries[high].key, key, CLI_DIGEST_TEXT) != 0)
        return NULL;
    j->entries[low].taken++;
    return &j->entries[high];
}

static int are_there(const struct cli_journal_line *line, size_t length)
{
    struct cli_json_walk walk;
    struct cli_json_value file;
    char *path = malloc(length + 1);
    int good = path != NULL, some = 0;

    cli_json_walk(&walk, &line->files);
    while (good && cli_json_next(&walk, NULL, &file)) {
        int64_t bytes = -1;
        struct stat about;

        good = read_file(&file, path, &bytes) && stat(path, &about) == 0 &&
               S_ISREG(about.st_mode) && about.st_size == bytes;
        some = 1;
    }
    free(path);
    return good && some;
}

static int is_whole(const struct cli_journal *j, const struct entry *e,
                    struct cli_journal_line *ret)
{
    char same[CLI_DIGEST_TEXT];

    ret->text = malloc(e->length + 1);
    if (ret->text == NULL)
        return 0;
    ret->text[e->length] = '\0';
    if (pread(j->file, ret->text, e->length, e->offset) == (ssize_t)e->length &&
        read_line(ret->text, e->length, same, &ret->files) && are_there(ret, e->length))
        return 1;
    free(ret->text);
    ret->text = NULL;
    return 0;
}

/* An entry whose pictures are gone may be followed by one of a later run, which drew them again. */
int cli_journal_find(struct cli_journal *j, const char key[CLI_DIGEST_TEXT],
                     struct cli_journal_line *ret)
{
    const struct entry *e;

    while (j != NULL && (e = next_of(j, key)) != NULL)
        if (is_whole(j, e, ret))
            return 1;
    return 0;
}

/* ---- adding */

static char *write_line(const char *key, int64_t index, const apipie_result *result,
                        enum cli_place place, size_t *ret_size)
{
    char *text = NULL;
    struct cli_json j = {open_memstream(&text, ret_size), 0};

    if (j.out == NULL)
        return NULL;
    cli_json_open(&j, NULL, '{');
    cli_json_number(&j, "apipie_batch", 1);
    cli_json_number(&j, "index", index);
    cli_json_text(&j, "key", key);
    cli_json_open(&j, "files", '[');
    for (size_t i = 0; i < apipie_result_image_count(result); i++) {
        if (apipie_result_image_path(result, i) == NULL)
            continue;
        cli_json_open(&j, NULL, '{');
        cli_json_text(&j, "path", cli_report_path(result, i, place));
        cli_json_number(&j, "bytes", (int64_t)apipie_result_image_size(result, i));
        cli_json_close(&j, '}');
    }
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', j.out);
    if (fclose(j.out) == 0)
        return text;
    free(text);
    return NULL;
}

void cli_journal_add(struct cli_journal *j, const char key[CLI_DIGEST_TEXT], int64_t index,
                     const apipie_result *result, enum cli_place place, struct cli_failure *f)
{
    size_t n = 0;
    char *text = j == NULL ? NULL : write_line(key, index, result, place, &n);

    if (j == NULL)
        return;
    if (text == NULL)
        cli_failure_memory(f);
    else if (lseek(j->file, 0, SEEK_END) < 0 || !cli_save_bytes(j->file, text, n) ||
             fsync(j->file) != 0)
        fail(f, j, strerror(errno));
    free(text);
}
