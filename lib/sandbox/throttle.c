/* SPDX-License-Identifier: MIT */
/* Knows how many requests a minute are let through and how the gateway says so; must not know what they ask. Pure:
 * the caller holds the sandbox's lock and tells the time. */
#include "sandbox/sandbox_priv.h"

/* A request in the bucket's measure, which grows by per_minute each millisecond. */
#define THROTTLE_ONE ((int64_t)60000)

void pie_throttle_set(struct pie_throttle *t, int32_t per_minute, int64_t now_ms)
{
    t->per_minute = per_minute;
    t->level = per_minute * THROTTLE_ONE;
    t->at_ms = now_ms;
}

static void throttle_refill(struct pie_throttle *t, int64_t now_ms)
{
    int64_t most = t->per_minute * THROTTLE_ONE, passed = now_ms - t->at_ms;

    passed = passed < THROTTLE_ONE ? passed : THROTTLE_ONE; /* a minute fills it */
    t->level += passed * t->per_minute;
    t->level = t->level < most ? t->level : most;
    t->at_ms = now_ms;
}

/* How long until the level is there. */
static int64_t throttle_wait(const struct pie_throttle *t, int64_t level)
{
    return (level - t->level + t->per_minute - 1) / t->per_minute;
}

static void throttle_part(struct pie_buf *out, int64_t value, const char *unit)
{
    pie_buf_add_int(out, value);
    pie_buf_add_text(out, unit);
}

static void throttle_seconds(struct pie_buf *out, int64_t ms)
{
    int64_t rest = ms % 1000;

    pie_buf_add_int(out, ms / 1000);
    if (rest != 0)
        pie_buf_add_char(out, '.');
    for (int64_t digit = 100; rest != 0; digit /= 10) {
        pie_buf_add_char(out, (char)('0' + rest / digit));
        rest %= digit;
    }
    pie_buf_add_char(out, 's');
}

void pie_throttle_duration(int64_t ms, char out[PIE_NUMBER_MAX])
{
    struct pie_buf text;

    pie_buf_init(&text, &pie_mem_libc, PIE_NUMBER_MAX - 1);
    if (ms > 0 && ms < 1000) {
        throttle_part(&text, ms, "ms");
    } else {
        if (ms >= 3600000)
            throttle_part(&text, ms / 3600000, "h");
        if (ms >= 60000)
            throttle_part(&text, ms / 60000 % 60, "m");
        throttle_seconds(&text, ms % 60000);
    }
    pie_text_copy(pie_buf_slice(&text), out, PIE_NUMBER_MAX);
    pie_buf_free(&text);
}

static void throttle_refuse(const struct pie_throttle *t, struct pie_answer *answer)
{
    int64_t wait = throttle_wait(t, THROTTLE_ONE);

    pie_answer_status(answer, 429);
    pie_number_int_text((wait + 999) / 1000, answer->retry_after);
    pie_number_int_text(wait, answer->retry_after_ms);
}

apipie_status pie_throttle_take(struct pie_throttle *t, int64_t now_ms, struct pie_answer *answer)
{
    apipie_status status = APIPIE_OK;

    if (t->per_minute == 0)
        return APIPIE_OK;
    throttle_refill(t, now_ms);
    if (t->level >= THROTTLE_ONE) {
        t->level -= THROTTLE_ONE;
    } else {
        throttle_refuse(t, answer);
        status = APIPIE_E_LIMIT;
    }
    pie_number_int_text(t->per_minute, answer->rate_limit);
    pie_number_int_text(t->level / THROTTLE_ONE, answer->rate_remaining);
    answer->rate_reset_ms = throttle_wait(t, t->per_minute * THROTTLE_ONE);
    pie_throttle_duration(answer->rate_reset_ms, answer->rate_reset);
    return status;
}
