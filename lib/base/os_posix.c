/* SPDX-License-Identifier: MIT */
/* Knows POSIX: clock, random, counters, files; must not know what they serve. Threads are in os_thread.c. */
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t os_clock(clockid_t id)
{
    struct timespec t = {0, 0};
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t pie_clock_us(void)
{
    return os_clock(CLOCK_MONOTONIC);
}

int64_t pie_clock_ms(void)
{
    return pie_clock_us() / 1000;
}

int64_t pie_clock_wall_ms(void)
{
    return os_clock(CLOCK_REALTIME) / 1000;
}

void pie_random(void *p, size_t n)
{
    unsigned char *out = p;
    size_t done = 0;
    while (done < n) {
        ssize_t got = getrandom(out + done, n - done, 0);
        if (got <= 0 && errno != EINTR)
            break;
        done += got > 0 ? (size_t)got : 0;
    }
    /* A kernel without getrandom: names and jitter stay different, which is all they need. */
    uint64_t mix = (uint64_t)pie_clock_us() ^ (uint64_t)(uintptr_t)p ^ ((uint64_t)getpid() << 32);
    for (; done < n; done++) {
        mix = mix * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[done] = (unsigned char)(mix >> 56);
    }
}

uint64_t pie_random_below(uint64_t below)
{
    uint64_t v = 0;
    if (below < 2)
        return 0;
    pie_random(&v, sizeof(v));
    return v % below;
}

int32_t pie_atomic_add(int32_t *p, int32_t d)
{
    return __atomic_add_fetch(p, d, __ATOMIC_SEQ_CST);
}

int32_t pie_atomic_get(const int32_t *p)
{
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

void pie_atomic_set(int32_t *p, int32_t v)
{
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}

int64_t pie_count_add(int64_t *p, int64_t d)
{
    return __atomic_add_fetch(p, d, __ATOMIC_RELAXED);
}

int64_t pie_count_get(const int64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void pie_count_set(int64_t *p, int64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELAXED);
}

int32_t pie_count_swap(int64_t *p, int64_t *seen, int64_t v)
{
    return __atomic_compare_exchange_n(p, seen, v, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

int32_t pie_cpu_has_avx2(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0;
#else
    return 0;
#endif
}

/* strerror speaks the user's language and is not for threads; these are the ones that files meet. */
static const char *os_reason(int code)
{
    switch (code) {
    case EACCES:
    case EPERM:
        return "permission denied";
    case ENOENT:
        return "no such file or folder";
    case ENOTDIR:
        return "a part of the path is no folder";
    case EISDIR:
        return "it is a folder";
    case EEXIST:
        return "it exists already";
    case ENOSPC:
    case EDQUOT:
        return "no space left on the device";
    case EROFS:
        return "the file system is read-only";
    case ENAMETOOLONG:
        return "the name is too long";
    case EMFILE:
    case ENFILE:
        return "too many open files";
    case EFBIG:
        return "the file would be too large";
    case ELOOP:
        return "too many symbolic links";
    case ENXIO:
    case EPIPE:
        return "nobody reads the other end";
    case ENOLCK:
    case EOPNOTSUPP:
        return "the file system has no locks";
    default:
        return "input/output error";
    }
}

static apipie_status os_failed(const char **ret_reason)
{
    *ret_reason = os_reason(errno);
    return APIPIE_E_FILE;
}

static int32_t os_kind(const struct stat *st)
{
    if (S_ISREG(st->st_mode))
        return PIE_PATH_FILE;
    return S_ISDIR(st->st_mode) ? PIE_PATH_FOLDER : PIE_PATH_SPECIAL;
}

int32_t pie_path_kind(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? os_kind(&st) : PIE_PATH_ABSENT;
}

apipie_status pie_file_create(const char *path, pie_file *ret, const char **ret_reason)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return os_failed(ret_reason);
    *ret = fd;
    return APIPIE_OK;
}

apipie_status pie_file_open_special(const char *path, pie_file *ret, const char **ret_reason)
{
    /* A pipe that nobody reads would make the caller wait: it is refused instead (ENXIO). Writing may wait. */
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return os_failed(ret_reason);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) {
        apipie_status status = os_failed(ret_reason);
        close(fd);
        return status;
    }
    *ret = fd;
    return APIPIE_OK;
}

apipie_status pie_file_write(pie_file f, const void *p, size_t n, const char **ret_reason)
{
    const char *from = p;
    while (n > 0) {
        ssize_t done = write((int)f, from, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return os_failed(ret_reason);
        from += done;
        n -= (size_t)done;
    }
    return APIPIE_OK;
}

apipie_status pie_file_write_special(pie_file f, const void *p, size_t n, const char **ret_reason)
{
    int32_t held = pie_sigpipe_hold();
    apipie_status status = pie_file_write(f, p, n, ret_reason);
    pie_sigpipe_release(held);
    return status;
}

apipie_status pie_file_close(pie_file f, const char **ret_reason)
{
    /* Not retried on EINTR: Linux has closed it then, and the number may be another's already. */
    if (close((int)f) != 0 && errno != EINTR)
        return os_failed(ret_reason);
    return APIPIE_OK;
}

apipie_status pie_file_replace(const char *from, const char *to, const char **ret_reason)
{
    return rename(from, to) == 0 ? APIPIE_OK : os_failed(ret_reason);
}

/* File systems without hard links (FAT, some network ones): hold the name with an empty file, rename over that. */
static apipie_status os_publish_without_link(const char *from, const char *to,
                                             const char **ret_reason)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno == EEXIST ? APIPIE_E_STATE : os_failed(ret_reason);
    close(fd);
    if (rename(from, to) == 0)
        return APIPIE_OK;
    apipie_status status = os_failed(ret_reason);
    unlink(to);
    return status;
}

apipie_status pie_file_publish(const char *from, const char *to, const char **ret_reason)
{
    if (link(from, to) == 0) {
        unlink(from);
        return APIPIE_OK;
    }
    if (errno == EEXIST)
        return APIPIE_E_STATE;
    return os_publish_without_link(from, to, ret_reason);
}

void pie_file_remove(const char *path)
{
    unlink(path);
}

apipie_status pie_file_open_append(const char *path, pie_file *ret, const char **ret_reason)
{
    struct stat st;
    /* Opening a device may do something; a pipe would wait but for O_NONBLOCK. Files do not mind. */
    if (pie_path_kind(path) == PIE_PATH_SPECIAL) {
        *ret_reason = "it is no regular file";
        return APIPIE_E_FILE;
    }
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return os_failed(ret_reason);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        *ret_reason = "it is no regular file";
        return APIPIE_E_FILE;
    }
    *ret = fd;
    return APIPIE_OK;
}

/* flock and not fcntl: fcntl's locks are the process's, so that two openings in one process would not keep apart,
 * and closing either would drop both. */
apipie_status pie_file_lock(pie_file f, int64_t timeout_ms, const char **ret_reason)
{
    const int64_t until = pie_clock_us() + timeout_ms * 1000;
    struct timespec nap = {0, 50000};
    for (;;) {
        if (flock((int)f, LOCK_EX | LOCK_NB) == 0)
            return APIPIE_OK;
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return os_failed(ret_reason);
        if (pie_clock_us() >= until)
            return APIPIE_PENDING;
        nanosleep(&nap, NULL);
        if (nap.tv_nsec < 4000000)
            nap.tv_nsec *= 2;
    }
}

void pie_file_unlock(pie_file f)
{
    flock((int)f, LOCK_UN);
}

apipie_status pie_file_append(pie_file f, const void *p, size_t n, const char **ret_reason)
{
    struct stat st;
    ssize_t done = write((int)f, p, n);
    while (done < 0 && errno == EINTR)
        done = write((int)f, p, n);
    if (done < 0)
        return os_failed(ret_reason);
    if ((size_t)done == n)
        return APIPIE_OK;
    if (fstat((int)f, &st) != 0 || ftruncate((int)f, st.st_size - (off_t)done) != 0)
        return os_failed(ret_reason);
    *ret_reason = os_reason(ENOSPC);
    return APIPIE_E_FILE;
}

apipie_status pie_file_read_at(pie_file f, uint64_t offset, void *p, size_t n, size_t *ret_n,
                               const char **ret_reason)
{
    size_t have = 0;
    while (have < n) {
        ssize_t got = pread((int)f, (char *)p + have, n - have, (off_t)(offset + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return os_failed(ret_reason);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *ret_n = have;
    return APIPIE_OK;
}

apipie_status pie_file_size(pie_file f, uint64_t *ret, const char **ret_reason)
{
    struct stat st;
    if (fstat((int)f, &st) != 0)
        return os_failed(ret_reason);
    *ret = (uint64_t)st.st_size;
    return APIPIE_OK;
}

int32_t pie_file_is_at(pie_file f, const char *path)
{
    struct stat ours, theirs;
    if (fstat((int)f, &ours) != 0)
        return 1;
    if (stat(path, &theirs) != 0)
        return errno != ENOENT && errno != ENOTDIR;
    return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

char *pie_path_absolute(const struct pie_mem *mem, const char *path)
{
    char folder[4096];
    const size_t n = strlen(path);
    if (path[0] == '/' || getcwd(folder, sizeof(folder)) == NULL)
        return pie_mem_text(mem, path, n);
    const size_t before = strlen(folder);
    char *whole = pie_mem_new(mem, before + n + 2, 1);
    if (whole == NULL)
        return NULL;
    memcpy(whole, folder, before);
    whole[before] = '/';
    memcpy(whole + before + 1, path, n + 1);
    return whole;
}

static apipie_status os_make_one_folder(const char *path, const char **ret_reason)
{
    if (mkdir(path, 0700) == 0)
        return APIPIE_OK;
    *ret_reason = os_reason(errno == EEXIST ? ENOTDIR : errno);
    return pie_path_kind(path) == PIE_PATH_FOLDER ? APIPIE_OK : APIPIE_E_FILE;
}

apipie_status pie_folder_make(const char *path, const char **ret_reason)
{
    char above[4096];
    const size_t n = strlen(path);
    if (n >= sizeof(above)) {
        *ret_reason = os_reason(ENAMETOOLONG);
        return APIPIE_E_FILE;
    }
    memcpy(above, path, n + 1);
    /* What fails above fails below too, with a better reason or because it was not needed. */
    for (size_t i = 1; i < n; i++) {
        if (path[i] != '/' || path[i - 1] == '/')
            continue;
        above[i] = '\0';
        os_make_one_folder(above, ret_reason);
        above[i] = '/';
    }
    return os_make_one_folder(path, ret_reason);
}

void pie_folder_each(const char *path, void (*fn)(void *user, const struct pie_folder_item *item),
                     void *user)
{
    struct stat st;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(folder), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        const struct pie_folder_item item = {e->d_name, os_kind(&st), (uint64_t)st.st_size,
                                             (int64_t)st.st_mtim.tv_sec * 1000000 +
                                                 st.st_mtim.tv_nsec / 1000};
        fn(user, &item);
    }
    closedir(folder);
}

void pie_folder_remove(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder))
        unlinkat(fd, e->d_name, 0);
    closedir(folder);
    rmdir(path);
}

void pie_path_touch(const char *path)
{
    struct timespec now[2] = {{0, 0}, {0, 0}};
    /* UTIME_NOW would be the time of the last tick: too coarse to tell who came first. */
    clock_gettime(CLOCK_REALTIME, &now[0]);
    now[1] = now[0];
    utimensat(AT_FDCWD, path, now, 0);
}

apipie_status pie_file_create_private(const char *path, pie_file *ret, const char **ret_reason)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return os_failed(ret_reason);
    *ret = fd;
    return APIPIE_OK;
}

apipie_status pie_file_open_read(const char *path, pie_file *ret, const char **ret_reason)
{
    struct stat st;
    /* O_NONBLOCK: a pipe in its place must not make the caller wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return os_failed(ret_reason);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        *ret_reason = "it is no regular file";
        return APIPIE_E_FILE;
    }
    *ret = fd;
    return APIPIE_OK;
}

apipie_status pie_file_stamp(pie_file f, struct pie_file_stamp *ret, const char **ret_reason)
{
    struct stat st;
    if (fstat((int)f, &st) != 0)
        return os_failed(ret_reason);
    ret->size = (uint64_t)st.st_size;
    ret->changed_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    return APIPIE_OK;
}

apipie_status pie_file_is_as(pie_file f, const struct pie_file_stamp *was, const char **ret_reason)
{
    struct pie_file_stamp now;
    apipie_status status = pie_file_stamp(f, &now, ret_reason);
    if (status == APIPIE_OK && (now.size != was->size || now.changed_us != was->changed_us)) {
        *ret_reason = "it was changed in the meantime";
        status = APIPIE_E_FILE;
    }
    return status;
}

apipie_status pie_file_open_same(const char *path, const struct pie_file_stamp *was, pie_file *ret,
                                 const char **ret_reason)
{
    pie_file f = PIE_FILE_NONE;
    const char *ignored = NULL;
    apipie_status status = pie_file_open_read(path, &f, ret_reason);
    if (status != APIPIE_OK)
        return status;
    status = pie_file_is_as(f, was, ret_reason);
    if (status == APIPIE_OK)
        *ret = f;
    else
        pie_file_close(f, &ignored);
    return status;
}

const char *pie_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}
