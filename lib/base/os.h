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
/* A number that is this thread's alone while it lives; never 0. */
uint64_t pie_thread_id(void);
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
/* The name of an environment variable's value, NULL when absent or empty. Borrowed: copy at once. */
const char *pie_environment(const char *name);

#endif
