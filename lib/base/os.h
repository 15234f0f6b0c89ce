/* SPDX-License-Identifier: MIT */
/* The operating system: clock, random, threads, files. The only place with platform code (os_*.c). */
#ifndef PIE_OS_H
#define PIE_OS_H

#include <stddef.h>
#include <stdint.h>

#include <apipie/apipie.h>

#include "base/mem.h"

int64_t pie_clock_us(void);      /* steady, since an unknown start */
int64_t pie_clock_ms(void);      /* steady */
int64_t pie_clock_wall_ms(void); /* since 1970 UTC */

/* From the system's generator; where that fails, a mix of clock and addresses (never for secrets). */
void pie_random(void *p, size_t n);
/* 0 .. below-1; 0 for below 0 or 1. */
uint64_t pie_random_below(uint64_t below);

/* Counters and flags shared by threads; sequentially consistent. */
int32_t pie_atomic_add(int32_t *p, int32_t d); /* the new value */
int32_t pie_atomic_get(const int32_t *p);
void pie_atomic_set(int32_t *p, int32_t v);

/* Figures that other threads read: no order among them, none lost. */
int64_t pie_count_add(int64_t *p, int64_t d); /* the new value */
int64_t pie_count_get(const int64_t *p);
void pie_count_set(int64_t *p, int64_t v);
/* 1: it was *seen and is v now. 0: *seen is what it is instead. */
int32_t pie_count_swap(int64_t *p, int64_t *seen, int64_t v);

/* 1 when processor and system can run AVX2. */
int32_t pie_cpu_has_avx2(void);

struct pie_lock;
struct pie_lock *pie_lock_new(const struct pie_mem *mem); /* a mutex and one condition */
struct pie_lock *pie_lock_free(const struct pie_mem *mem, struct pie_lock *lock);
void pie_lock_take(struct pie_lock *lock);
void pie_lock_drop(struct pie_lock *lock);
void pie_lock_wait(struct pie_lock *lock,
                   int64_t timeout_ms);    /* negative: no limit; may wake early */
void pie_lock_wake(struct pie_lock *lock); /* all that wait */
/* A place, on the stack, where one thread sleeps beside a lock's own condition, so that it can be woken alone. */
struct pie_nap {
    _Alignas(16) unsigned char room[64];
};
void pie_nap_begin(struct pie_nap *nap);
/* The lock is held. As pie_lock_wait(). */
void pie_nap_wait(struct pie_lock *lock, struct pie_nap *nap, int64_t timeout_ms);
void pie_nap_wake(struct pie_nap *nap);
void pie_nap_end(struct pie_nap *nap);
/* A number that is this thread's alone while it lives; never 0. */
uint64_t pie_thread_id(void);
/* A place for one pointer of each thread, NULL at first. */
void **pie_thread_slot(void);
/* A thread that takes no signals. NULL without memory or where the system gives none. */
struct pie_thread;
struct pie_thread *pie_thread_start(const struct pie_mem *mem, void (*fn)(void *user), void *user);
/* Waits until it has ended; on that very thread it lets it go instead. Frees it. NULL is fine. */
void pie_thread_end(const struct pie_mem *mem, struct pie_thread *thread);
/* Of this process; another one in a child after fork(). */
int64_t pie_process_id(void);
/* 1 when nobody holds it, as far as a child after fork() can tell; the lock is then fit for use there. */
int32_t pie_lock_renew(struct pie_lock *lock);
/* Holds SIGPIPE back on this thread, for libraries that write to sockets without care; what comes of it is for the second call, which
 * takes away the signal that came between. */
int32_t pie_sigpipe_hold(void);
void pie_sigpipe_release(int32_t held);
/* Whatever the descriptor was, in this process it is nothing now: writes go nowhere. */
void pie_descriptor_muffle(int64_t fd);
/* What it stands for, as a number that nothing else has while that is open; 0: nothing. */
uint64_t pie_descriptor_identity(int64_t fd);
/* Keeps the library loaded in which that function stands, for as long as the process lives. */
void pie_library_pin(void (*function)(void));
/* Runs fn once in this process, whoever comes first; the others wait. */
void pie_once(void (*fn)(void));

/* A file that is being written; negative when closed. */
typedef intptr_t pie_file;
#define PIE_FILE_NONE ((pie_file)-1)

enum { PIE_PATH_ABSENT = 0, PIE_PATH_FILE = 1, PIE_PATH_FOLDER = 2, PIE_PATH_SPECIAL = 3 };
int32_t pie_path_kind(const char *path); /* follows links */
/* Makes a new file that must not exist, or opens a device or pipe for writing. On failure *ret_reason is a
 * constant text ("no space left on the device"). Status: APIPIE_OK or APIPIE_E_FILE. */
apipie_status pie_file_create(const char *path, pie_file *ret, const char **ret_reason);
apipie_status pie_file_open_special(const char *path, pie_file *ret, const char **ret_reason);
apipie_status pie_file_write(pie_file f, const void *p, size_t n, const char **ret_reason);
/* The same for a device or pipe: one whose reader left must not kill the host by SIGPIPE. */
apipie_status pie_file_write_special(pie_file f, const void *p, size_t n, const char **ret_reason);
apipie_status pie_file_close(pie_file f, const char **ret_reason);
/* Renames over `to`. */
apipie_status pie_file_replace(const char *from, const char *to, const char **ret_reason);
/* Renames to a name that must be free: APIPIE_E_STATE when `to` exists. */
apipie_status pie_file_publish(const char *from, const char *to, const char **ret_reason);
void pie_file_remove(const char *path);

/* Files that several processes read and append to. Only regular files: anything else is APIPIE_E_FILE. */

/* Opens for reading and appending; made (mode 0600) where there is none. */
apipie_status pie_file_open_append(const char *path, pie_file *ret, const char **ret_reason);
/* Advisory and exclusive, on the whole file; each opening is a party of its own, in one process too, and its end drops
 * the lock. APIPIE_PENDING when another held it for timeout_ms; APIPIE_E_FILE where there are no locks. */
apipie_status pie_file_lock(pie_file f, int64_t timeout_ms, const char **ret_reason);
void pie_file_unlock(pie_file f);
/* One write at the end, whole or not at all: what came out short is taken back. Only under the lock. */
apipie_status pie_file_append(pie_file f, const void *p, size_t n, const char **ret_reason);
/* As many bytes as are there, at most n. */
apipie_status pie_file_read_at(pie_file f, uint64_t offset, void *p, size_t n, size_t *ret_n,
                               const char **ret_reason);
apipie_status pie_file_size(pie_file f, uint64_t *ret, const char **ret_reason);
/* 0 when path names another file by now, or none. Where that cannot be seen: 1. */
int32_t pie_file_is_at(pie_file f, const char *path);
/* The path from the root on, for whoever opens it again after a change of the working folder. NULL without memory. */
char *pie_path_absolute(const struct pie_mem *mem, const char *path);
/* Folders, and files that are nobody else's business. */

/* Makes the folder and those above it for this user alone (mode 0700); one that is there stays as it is. */
apipie_status pie_folder_make(const char *path, const char **ret_reason);

struct pie_folder_item {
    const char *name; /* without the folder's; borrowed */
    int32_t kind;     /* PIE_PATH_*; a link is PIE_PATH_SPECIAL, whatever it names */
    uint64_t size;
    int64_t changed_us; /* since 1970 UTC */
};

/* What is in a folder, without "." and "..", in no order; nothing for one that cannot be read. fn may remove the item. */
void pie_folder_each(const char *path, void (*fn)(void *user, const struct pie_folder_item *item),
                     void *user);
/* The folder with the files in it. What else is in it keeps it; a link is left alone. */
void pie_folder_remove(const char *path);
/* The change time becomes now. */
void pie_path_touch(const char *path);
/* A new file (mode 0600) that must not exist. */
apipie_status pie_file_create_private(const char *path, pie_file *ret, const char **ret_reason);
/* For reading; only a regular file. */
apipie_status pie_file_open_read(const char *path, pie_file *ret, const char **ret_reason);

/* What tells a file that was written to from one that was not. */
struct pie_file_stamp {
    uint64_t size;
    int64_t changed_us; /* since 1970 UTC */
};
apipie_status pie_file_stamp(pie_file f, struct pie_file_stamp *ret, const char **ret_reason);
/* APIPIE_E_FILE also when it is not as it was. */
apipie_status pie_file_is_as(pie_file f, const struct pie_file_stamp *was, const char **ret_reason);
/* pie_file_open_read() of one that is as it was. */
apipie_status pie_file_open_same(const char *path, const struct pie_file_stamp *was, pie_file *ret,
                                 const char **ret_reason);

/* The name of an environment variable's value, NULL when absent or empty. Borrowed: copy at once. */
const char *pie_environment(const char *name);

#endif
