/* SPDX-License-Identifier: MIT */
/* Memory that runs out after so many allocations, and counts what is alive. */
#ifndef SCARCE_H
#define SCARCE_H

#include "base/base.h"

struct scarce {
    int32_t left;  /* allocations that succeed */
    int32_t alive; /* blocks not given back */
};

/* It allocates from m, which outlives it. */
struct pie_mem scarce_mem(struct scarce *m);

#endif
