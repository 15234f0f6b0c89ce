/* SPDX-License-Identifier: MIT */
/* Knows how to ask the APIpie gateway for its models (https://apipie.ai/docs/Features/Models); must not read the list. */
#include "dialect/apipie_priv.h"
#include "dialect/shared_priv.h"

apipie_status pie_apipie_ask_models(const struct pie_call *c, struct pie_leg *leg,
                                    struct apipie_error *err)
{
    (void)err;
    return pie_begin_models(c, c->wish->detailed ? "/models/detailed" : "/models", '?', leg);
}
