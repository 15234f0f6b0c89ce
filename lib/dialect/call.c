/* SPDX-License-Identifier: MIT */
/* Knows what a wish itself asks of its first call; must not know any wire. */
#include "dialect/dialect.h"

void pie_call_init(struct pie_call *c, const struct pie_wish *w)
{
    memset(c, 0, sizeof(*c));
    c->wish = w;
    c->provider = w->text[PIE_WISH_PROVIDER];
    c->model = w->text[PIE_WISH_MODEL];
    c->n = (w->has & PIE_WISH_HAS_N) != 0 ? w->n : 0;
    c->has_seed = (w->has & PIE_WISH_HAS_SEED) != 0;
    c->seed = c->has_seed ? w->seed : 0;
}
