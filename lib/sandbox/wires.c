/* SPDX-License-Identifier: MIT */
/* Knows which servers stand at the sandbox's port, and where; must not know what they say. */
#include "sandbox/wires_priv.h"

const struct pie_wire pie_wires[] = {
    {"openai", "/openai/v1", pie_openai_answer, pie_sandbox_openai, PIE_SANDBOX_OPENAI, 0},
    {"a1111", "/a1111", pie_a1111_answer, &pie_sandbox_local[0], 1, 0},
    {"sdcpp", "/sdcpp", pie_sdcpp_answer, &pie_sandbox_local[1], 1, 0},
    {"together", "/together/v1", pie_together_answer, pie_sandbox_together, PIE_SANDBOX_TOGETHER,
     0},
    {"prodia", "/prodia/v2", pie_prodia_answer, pie_sandbox_prodia, PIE_SANDBOX_PRODIA, 0},
    {"prodia-v1", "/prodia/v1", pie_prodia_v1_answer, pie_sandbox_prodia_v1, PIE_SANDBOX_PRODIA_V1,
     0},
    {"deepinfra", "/deepinfra", pie_deepinfra_answer, pie_sandbox_deepinfra, PIE_SANDBOX_DEEPINFRA,
     0},
    {"bedrock", "/bedrock", pie_bedrock_answer, pie_sandbox_bedrock, PIE_SANDBOX_BEDROCK, 1},
    {"stability", "/stability", pie_stability_answer, pie_sandbox_stability, PIE_SANDBOX_STABILITY,
     0},
};

const size_t pie_wire_count = PIE_COUNT(pie_wires);

_Static_assert(PIE_COUNT(pie_wires) <= PIE_WIRES_MAX, "the sandbox keeps a url for each");
