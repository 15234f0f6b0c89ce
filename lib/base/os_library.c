/* SPDX-License-Identifier: MIT */
/* Knows what POSIX has no word for, but all that we run on have: where code is loaded from, descriptors that are nothing. Compiled
 * with _GNU_SOURCE, apart from the rest, for dladdr(). */
#include "base/base.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void pie_library_pin(void (*function)(void))
{
    Dl_info where;
    void *address = NULL;
    memcpy(&address, (const void *)&function, sizeof(address));
    if (dladdr(address, &where) == 0 || where.dli_fname == NULL)
        return;
    /* NULL for a program itself, which stays anyway. */
    dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

uint64_t pie_descriptor_identity(int64_t fd)
{
    struct stat s;
    return fstat((int)fd, &s) == 0 ? (uint64_t)s.st_ino : 0;
}

void pie_descriptor_muffle(int64_t fd)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) {
        close((int)fd);
        return;
    }
    dup2(nothing, (int)fd);
    close(nothing);
}
