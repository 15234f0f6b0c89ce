/* SPDX-License-Identifier: MIT */
/* Memory that runs out, for good or once, and counts what is alive. From any thread. */
#ifndef TEST_SCARCE_H
#define TEST_SCARCE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: it gives whatever is asked for. */
struct scarce {
    atomic_llong alive;    /* blocks not given back */
    atomic_llong asked;    /* allocations, changes of size too; those that were refused with them */
    atomic_llong refused;  /* since the last scarce_give() or scarce_refuse() */
    atomic_llong from, to; /* these are refused, the first one is 1 */
};

/* As struct pie_mem, and as the table of a client; m outlives what is allocated. */
#define SCARCE_MEM(m)                                                                              \
    {                                                                                              \
        m, scarce_alloc, scarce_resize, scarce_release, NULL                                       \
    }
#define SCARCE_TABLE(m)                                                                            \
    {                                                                                              \
        sizeof(apipie_allocator), m, scarce_alloc, scarce_resize, scarce_release                   \
    }

/* From now on it gives so many, then none. */
void scarce_give(struct scarce *m, int64_t count);
/* From now on it refuses the n-th alone, the first one is 1. */
void scarce_refuse(struct scarce *m, int64_t n);
/* From now on it gives all. */
void scarce_give_all(struct scarce *m);

void *scarce_alloc(void *user, size_t size);
void *scarce_resize(void *user, void *block, size_t size);
void scarce_release(void *user, void *block);

#endif
