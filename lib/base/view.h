/* SPDX-License-Identifier: MIT */
/* What any thread may see of work that is under way. One thread writes at a time, with pie_view_*; all may read. */
#ifndef PIE_VIEW_H
#define PIE_VIEW_H

#include <stdint.h>

struct pie_view {
    int32_t phase;          /* APIPIE_PHASE_* */
    int64_t up, up_all;     /* bytes of bodies: sent, to be sent */
    int64_t down, down_all; /* came, announced (APIPIE_UNKNOWN) */
    int64_t begun, done;    /* images */
    int64_t drawn;          /* by the server's word: 1 and the per mille; 0: it says nothing */
};

#endif
