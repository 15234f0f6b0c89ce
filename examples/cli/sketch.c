/* SPDX-License-Identifier: MIT */
/* Knows where sketches go and what they are called; not when they come. */
#include "sketch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define PATH_ROOM 4200
#define NAMES     100000

void cli_sketch_check(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = "--stream --partial-images 2 --partials FOLDER";
    struct stat about;

    if (!o->stream && (o->partial_images != CLI_UNSET || o->partials != NULL))
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint,
                        o->partials != NULL ? "--partials" : "--partial-images",
                        " needs --stream: sketches come with it", NULL);
    else if (o->partials != NULL && o->batch != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "leave one of them out",
                        "--partials and --batch exclude each other", NULL, NULL);
    else if (o->partials != NULL && (o->partials[0] == '\0' || strlen(o->partials) > 4000))
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--partials takes a folder", NULL, NULL);
    else if (o->partials != NULL && (stat(o->partials, &about) != 0 || !S_ISDIR(about.st_mode) ||
                                     access(o->partials, W_OK) != 0))
        cli_failure_set(f, APIPIE_E_FILE, "make it first; nothing was sent",
                        "--partials: no folder that can be written: ", o->partials, NULL);
}

static const char *extension(const char *mime)
{
    static const struct {
        const char *mime, *extension;
    } known[] = {{"image/png", "png"}, {"image/jpeg", "jpg"}, {"image/webp", "webp"},
                 {"image/gif", "gif"}, {"image/bmp", "bmp"},  {"image/avif", "avif"}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].mime, mime) == 0)
            return known[i].extension;
    return "bin";
}

/* -1 when the folder takes none. */
static int open_new(struct cli_sketches *s, char *path, size_t index, const char *mime)
{
    int file = -1;

    while (file < 0 && s->count < NAMES) {
        (void)snprintf(path, PATH_ROOM, "%s/sketch-%zu-%" PRId32 ".%s", s->folder, index + 1,
                       ++s->count, extension(mime));
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST)
            return -1;
    }
    return file;
}

static void keep(void *user, apipie_request *request, size_t index, const void *bytes, size_t size,
                 const char *mime)
{
    struct cli_sketches *s = user;
    char path[PATH_ROOM];
    int file = open_new(s, path, index, mime);
    FILE *out = file < 0 ? NULL : fdopen(file, "wb");
    int good = out != NULL && fwrite(bytes, 1, size, out) == size;

    (void)request;
    if (out != NULL)
        good = fclose(out) == 0 && good;
    else if (file >= 0)
        (void)close(file);
    if (!good) {
        if (s->problem == 0)
            s->problem = errno != 0 ? errno : EIO;
        if (file >= 0)
            (void)unlink(path);
    } else if (!s->quiet) {
        (void)fputs("sketch: ", stderr);
        cli_text_print(stderr, path);
        (void)fputc('\n', stderr);
    }
}

void cli_sketch_watch(struct cli_sketches *s, const struct cli_options *o, apipie_request *request)
{
    memset(s, 0, sizeof *s);
    s->folder = o->partials;
    s->quiet = o->json;
    if (o->partials != NULL)
        (void)apipie_request_set_partial_fn(request, keep, s, NULL);
}

void cli_sketch_end(const struct cli_sketches *s)
{
    if (s->problem == 0)
        return;
    (void)fputs("warning: --partials: not all could be written: ", stderr);
    cli_text_print(stderr, strerror(s->problem));
    (void)fputc('\n', stderr);
}
