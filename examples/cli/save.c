/* SPDX-License-Identifier: MIT */
/* Knows how a file is put in the place of another; not what is in it. */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "draft.h"

static void fail(struct cli_failure *f, const char *flag, const char *path)
{
    cli_failure_set(f, APIPIE_E_FILE, strerror(errno), flag, ": cannot write ", path);
}

int cli_save_bytes(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(file, bytes, size);

        if (n < 0 && errno != EINTR)
            return 0;
        bytes += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 1;
}

static void write_stream(const char *path, const char *bytes, size_t size, const char *flag,
                         struct cli_failure *f)
{
    int named = strcmp(path, "-") != 0;
    int file = named ? open(path, O_WRONLY) : STDOUT_FILENO;

    if (file < 0 || !cli_save_bytes(file, bytes, size))
        fail(f, flag, path);
    if (named && file >= 0 && close(file) != 0)
        fail(f, flag, path);
}

/* On the disk before it gets its name. */
static int fill(int file, const char *path, const char *bytes, size_t size)
{
    struct stat old;
    int good = cli_save_bytes(file, bytes, size);

    if (good && stat(path, &old) == 0)
        good = fchmod(file, old.st_mode & 0777) == 0;
    good = good && fsync(file) == 0;
    if (close(file) != 0)
        good = 0;
    return good;
}

static void write_file(const char *path, const char *bytes, size_t size, const char *flag,
                       struct cli_failure *f)
{
    size_t room = strlen(path) + 32;
    char *temp = malloc(room);
    int file;

    if (temp == NULL) {
        cli_failure_memory(f);
        return;
    }
    (void)snprintf(temp, room, "%s.new-%ld", path, (long)getpid());
    file = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        fail(f, flag, path);
    } else if (!fill(file, path, bytes, size) || rename(temp, path) != 0) {
        fail(f, flag, path);
        (void)unlink(temp);
    }
    free(temp);
}

void cli_save(const char *path, const char *bytes, size_t size, const char *flag,
              struct cli_failure *f)
{
    if (cli_draft_is_stream(path))
        write_stream(path, bytes, size, flag, f);
    else
        write_file(path, bytes, size, flag, f);
}
