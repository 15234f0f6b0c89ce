/* SPDX-License-Identifier: MIT */
/* Knows what was billed and how the gateway lists it; must not know HTTP or pictures. The caller holds the
 * sandbox's lock. */
#include "sandbox/sandbox_priv.h"

apipie_status pie_till_init(struct pie_till *till)
{
    till->rows = pie_mem_new(&pie_mem_libc, PIE_TILL_MAX, sizeof(till->rows[0]));
    till->count = 0;
    return till->rows != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
}

void pie_till_free(struct pie_till *till)
{
    till->rows = pie_mem_free(&pie_mem_libc, till->rows);
}

void pie_till_add(struct pie_till *till, const struct pie_till_row *row)
{
    till->rows[till->count++ % PIE_TILL_MAX] = *row;
}

static void till_number(struct pie_buf *out, const char *key, int64_t value)
{
    pie_buf_add_text(out, key);
    pie_buf_add_int(out, value);
}

static void till_text(struct pie_buf *out, const char *key, const char *value)
{
    pie_buf_add_text(out, key);
    pie_json_string(out, pie_slice_text(value));
}

static void till_item(struct pie_buf *out, int64_t id, const struct pie_till_row *row)
{
    char time[PIE_NUMBER_MAX];

    till_number(out, "{\"id\":", id);
    pie_buf_add_text(out, ",\"username\":\"sandbox\",\"timestamp\":\"");
    pie_number_iso_text(row->wall_ms, time);
    pie_buf_add_text(out, time);
    till_text(out, "\",\"app\":\"sandbox\",\"provider\":", row->model->provider);
    till_text(out, ",\"route\":", row->model->model);
    till_number(out, ",\"unit\":\"image\",\"prompt_tokens\":", row->tokens);
    till_number(out, ",\"prompt_char\":", row->characters);
    pie_buf_add_text(out, ",\"response_tokens\":0,\"response_char\":0,\"cost\":\"");
    pie_price_write(row->cost, out);
    till_number(out, "000000\",\"latency_ms\":", row->latency_ms);
    pie_buf_add_text(out, ",\"source_ip\":\"127.0.0.1\",\"chat_id\":null}");
}

void pie_till_write(const struct pie_till *till, int64_t now_ms, int64_t limit, int64_t offset,
                    struct pie_buf *out)
{
    int64_t oldest = till->count > PIE_TILL_MAX ? till->count - PIE_TILL_MAX : 0;
    int64_t seen = 0;

    pie_buf_add_text(out, "{\"items\":[");
    for (int64_t i = till->count; i > oldest && seen < offset + limit; i--) {
        const struct pie_till_row *row = &till->rows[(i - 1) % PIE_TILL_MAX];

        if (row->visible_ms > now_ms || seen++ < offset)
            continue;
        if (seen > offset + 1)
            pie_buf_add_char(out, ',');
        till_item(out, i, row);
    }
    till_number(out, "],\"limit\":", limit);
    till_number(out, ",\"offset\":", offset);
    pie_buf_add_char(out, '}');
}
