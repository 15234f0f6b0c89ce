/* SPDX-License-Identifier: MIT */
/* Knows how a call goes into the till; must not know how it was drawn. */
#include "sandbox/wires_priv.h"

/* A word is a token, and three frame them: the documented example counts 15. */
uint64_t pie_bill_tokens(struct pie_slice prompt)
{
    uint64_t words = 0;
    int32_t inside = 0;

    for (size_t i = 0; i < prompt.n; i++) {
        int32_t blank = pie_is_blank(prompt.p[i]);

        words += !blank && !inside ? 1 : 0;
        inside = !blank;
    }
    return words + 3;
}

int64_t pie_bill_characters(struct pie_slice text)
{
    int64_t characters = 0;

    for (size_t i = 0; i < text.n; i++)
        characters += ((unsigned char)text.p[i] & 0xC0) != 0x80 ? 1 : 0;
    return characters;
}

void pie_bill(struct apipie_sandbox *box, const struct pie_model *model, struct pie_slice prompt,
              int64_t cost, int64_t latency_ms, const struct pie_fault *f)
{
    struct pie_till_row row;

    row.model = model;
    row.cost = cost;
    row.tokens = (int64_t)pie_bill_tokens(prompt);
    row.characters = pie_bill_characters(prompt);
    row.latency_ms = latency_ms;
    pie_lock_take(box->lock);
    row.wall_ms = pie_clock_wall_ms();
    row.visible_ms = pie_clock_ms() + f->late_ms;
    box->billed++;
    box->billed_micro += cost;
    pie_till_add(&box->till, &row);
    pie_lock_drop(box->lock);
}
