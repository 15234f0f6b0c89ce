/* SPDX-License-Identifier: MIT */
/* Knows the states of a request by name; must not know what leads from one to the next. */
#include "engine/engine_priv.h"

static const char *const state_names[] = {
    [PIE_STATE_BUILDING] = "building",   [PIE_STATE_SEALED] = "sealed",
    [PIE_STATE_QUEUED] = "queued",       [PIE_STATE_WAITING] = "waiting",
    [PIE_STATE_IN_FLIGHT] = "in flight", [PIE_STATE_PARENT] = "waiting for others",
    [PIE_STATE_ENDED] = "ended",
};

/* What others see; while an exchange is out, the transport tells. */
static int32_t state_phase(int32_t state)
{
    return state == PIE_STATE_WAITING ? APIPIE_PHASE_WAITING : APIPIE_PHASE_QUEUED;
}

void pie_job_set_state(struct apipie_request *r, int32_t state)
{
    pie_atomic_set(&r->state, state);
    if (state != PIE_STATE_IN_FLIGHT && state != PIE_STATE_ENDED)
        pie_atomic_set(&r->view->phase, state_phase(state));
    pie_log_state(r, state_names[state]);
}
