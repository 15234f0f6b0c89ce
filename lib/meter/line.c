/* SPDX-License-Identifier: MIT */
/* Knows the ledger's lines, written and read; must not know of files.
 *
 * {"v":1,"type":"reserve","id":"...","time":"2026-01-31T23:59:59.999Z","backend":"apipie","provider":"prodia",
 *  "model":"sdxl","tag":"web","images":1,"prompt_chars":33,"amount_usd":"0.008"}      before it is sent
 * {"v":1,"type":"settle","id":"...","time":"...","billed":"yes","outcome":"delivered","cost_usd":"0.008",
 *  "estimated":false,"request_id":"..."}                                              after it ended
 * {"v":1,"type":"resolve","id":"...","time":"...","billed":"no"}                      when "unknown" became known
 *
 * Absent texts are left out; amount_usd is null where no price was known, cost_usd is there when billed is "yes". */
#include "meter/meter_priv.h"

/* Of the texts that come from elsewhere, so that a line always fits. */
#define LINE_TEXT_MAX 512

static const char *const line_billed_words[] = {"no", "yes", "unknown"}; /* by APIPIE_BILLED_* */
static const char *const line_outcome_words[] = {"none", "not_sent", "rejected", "delivered",
                                                 "unknown"}; /* by APIPIE_OUTCOME_* */

/* ---- Days of the Gregorian calendar; a year begins in March here, so that the leap day is its last. */

static int32_t line_days(int32_t year, int32_t month, int32_t day)
{
    const int32_t y = month <= 2 ? year - 1 : year;
    const int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

/* The number of n digits at p; -1 when there are others. */
static int32_t line_number(const char *p, size_t n)
{
    int32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (!pie_is_digit(p[i]))
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

/* The UTC day of "2026-01-31T..."; -1 when it is none. */
static int32_t line_day(struct pie_slice time)
{
    if (time.n < 10 || time.p[4] != '-' || time.p[7] != '-')
        return -1;
    const int32_t year = line_number(time.p, 4);
    const int32_t month = line_number(time.p + 5, 2);
    const int32_t day = line_number(time.p + 8, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
        return -1;
    return line_days(year, month, day);
}

/* ---- Written. */

static void line_begin(struct pie_buf *out, const char *type, const char *id, int64_t time_ms)
{
    char time[PIE_NUMBER_MAX];
    pie_buf_add_text(out, "{\"v\":1,\"type\":\"");
    pie_buf_add_text(out, type);
    pie_buf_add_text(out, "\",\"id\":\"");
    pie_buf_add_text(out, id);
    pie_buf_add_text(out, "\",\"time\":\"");
    pie_number_iso_text(time_ms, time);
    pie_buf_add_text(out, time);
    pie_buf_add_char(out, '"');
}

static void line_end(struct pie_buf *out)
{
    pie_buf_add(out, "}\n", 2);
}

static void line_name(struct pie_buf *out, const char *name)
{
    pie_buf_add(out, ",\"", 2);
    pie_buf_add_text(out, name);
    pie_buf_add(out, "\":", 2);
}

static void line_text(struct pie_buf *out, const char *name, const char *text)
{
    char room[LINE_TEXT_MAX];
    if (text == NULL || text[0] == '\0')
        return;
    pie_text_display(pie_slice_text(text), room, sizeof(room));
    line_name(out, name);
    pie_json_string(out, pie_slice_text(room));
}

static void line_tag(struct pie_buf *out, const char *tag)
{
    if (tag == NULL || tag[0] == '\0')
        return;
    line_name(out, "tag");
    pie_json_string(out, pie_slice_text(tag));
}

static void line_money(struct pie_buf *out, const char *name, int64_t amount)
{
    char text[PIE_NUMBER_MAX];
    line_name(out, name);
    if (amount < 0) {
        pie_buf_add_text(out, "null");
        return;
    }
    pie_number_money_text(amount, text);
    pie_json_string(out, pie_slice_text(text));
}

void pie_meter_line_reserve(struct pie_buf *out, const struct pie_meter_ask *ask, const char *id,
                            int64_t amount)
{
    line_begin(out, "reserve", id, ask->now_wall_ms);
    line_text(out, "backend", ask->backend);
    line_text(out, "provider", ask->provider);
    line_text(out, "model", ask->model);
    line_tag(out, ask->tag);
    line_name(out, "images");
    pie_buf_add_int(out, ask->images);
    line_name(out, "prompt_chars");
    pie_buf_add_uint(out, ask->prompt_chars);
    line_money(out, "amount_usd", amount);
    line_end(out);
}

void pie_meter_line_again(struct pie_buf *out, const struct pie_meter_attempt *a)
{
    line_begin(out, "reserve", a->id, a->time_ms);
    line_tag(out, a->tag != NULL ? a->tag->name : NULL);
    line_money(out, "amount_usd", a->amount);
    line_end(out);
}

static void line_cost(struct pie_buf *out, int32_t billed, int64_t cost, int32_t estimated)
{
    if (billed != APIPIE_BILLED_YES)
        return;
    line_money(out, "cost_usd", cost);
    line_name(out, "estimated");
    pie_buf_add_text(out, estimated ? "true" : "false");
}

void pie_meter_line_settle(struct pie_buf *out, const char *id, const struct pie_meter_end *end,
                           int64_t cost, int32_t estimated)
{
    const size_t outcome = (size_t)end->outcome;
    line_begin(out, "settle", id, end->now_wall_ms);
    line_text(out, "billed", line_billed_words[end->billed]);
    line_text(out, "outcome",
              line_outcome_words[outcome < PIE_COUNT(line_outcome_words) ? outcome : 0]);
    line_cost(out, end->billed, cost, estimated);
    line_text(out, "request_id", end->request_id);
    line_end(out);
}

void pie_meter_line_resolve(struct pie_buf *out, const char *id, const struct pie_meter_end *end,
                            int64_t cost, int32_t estimated)
{
    line_begin(out, "resolve", id, end->now_wall_ms);
    line_text(out, "billed", line_billed_words[end->billed]);
    line_cost(out, end->billed, cost, estimated);
    line_end(out);
}

/* ---- Read. */

/* The window around the books' day in which reservations are remembered: yesterday's may still be resolved, and a
 * neighbour's clock may be past midnight already. */
static int32_t line_is_recent(const struct pie_meter *m, int32_t day)
{
    return day >= m->day - 1 && day <= m->day + 1;
}

/* Most lines of a large ledger are of other days. Those that we wrote show it at fixed places, without being parsed:
 * 1 when reading it would change nothing. */
static int32_t line_is_idle(const struct pie_meter *m, struct pie_slice line)
{
    static const char reserve[] = "{\"v\":1,\"type\":\"reserve\",\"id\":\"";
    static const char settle[] = "{\"v\":1,\"type\":\"settle\",\"id\":\"";
    static const char time[] = "\",\"time\":\"";
    const size_t id_n = 36;
    const size_t time_at = sizeof(reserve) - 1 + id_n;
    if (pie_slice_starts_nocase(line, settle) && line.n > sizeof(settle) - 1 + id_n &&
        line.p[sizeof(settle) - 1 + id_n] == '"')
        return pie_meter_attempt_find(m, pie_slice(line.p + sizeof(settle) - 1, id_n)) == NULL;
    if (line.n < time_at + sizeof(time) - 1 + 10 || !pie_slice_starts_nocase(line, reserve) ||
        memcmp(line.p + time_at, time, sizeof(time) - 1) != 0)
        return 0;
    const int32_t day = line_day(pie_slice(line.p + time_at + sizeof(time) - 1, 10));
    return day >= 0 && !line_is_recent(m, day);
}

static int64_t line_read_money(const struct pie_node *root, const char *name)
{
    int64_t amount = APIPIE_UNKNOWN;
    if (pie_node_money(pie_node_get(root, name), &amount) != APIPIE_OK || amount < 0)
        return APIPIE_UNKNOWN;
    return amount;
}

static apipie_status line_read_reserve(struct pie_meter *m, const struct pie_node *root,
                                       struct pie_slice id)
{
    struct pie_meter_attempt *a = pie_meter_attempt_find(m, id);
    struct pie_slice tag = pie_node_text(pie_node_get(root, "tag"));
    const int32_t day = line_day(pie_node_text(pie_node_get(root, "time")));
    const int64_t amount = line_read_money(root, "amount_usd");
    if (a != NULL) {
        a->written = 1;
        return APIPIE_OK;
    }
    if (day < 0 || !line_is_recent(m, day))
        return APIPIE_OK;
    if (!pie_meter_tag_is_good(tag))
        tag = pie_slice(NULL, 0);
    apipie_status status = pie_meter_attempt_add(m, id, tag, amount >= 0 ? amount : 0,
                                                 day * PIE_METER_DAY_MS, PIE_METER_UNKNOWN, &a);
    if (status == APIPIE_OK)
        a->written = 1;
    return status;
}

/* A settle line or a resolve line: both say how an attempt ended. What is out now ends by our own word only. */
static void line_read_end(struct pie_meter *m, const struct pie_node *root, struct pie_slice id)
{
    struct pie_meter_attempt *a = pie_meter_attempt_find(m, id);
    struct pie_slice word = pie_node_text(pie_node_get(root, "billed"));
    int64_t estimated = 0;
    if (a == NULL || a->place == PIE_METER_RESERVED)
        return;
    if (pie_node_int(pie_node_get(root, "estimated"), &estimated) != APIPIE_OK)
        estimated = 0;
    for (int32_t billed = 0; billed < (int32_t)PIE_COUNT(line_billed_words); billed++) {
        if (pie_slice_equal(word, line_billed_words[billed])) {
            pie_meter_attempt_end(m, a, billed, line_read_money(root, "cost_usd"), estimated != 0);
            return;
        }
    }
}

apipie_status pie_meter_line_read(struct pie_meter *m, struct pie_slice line)
{
    struct pie_doc *doc = NULL;
    line = pie_slice_trim(line);
    if (line.n == 0 || line.p[0] != '{' || line_is_idle(m, line))
        return APIPIE_OK;
    apipie_status status = pie_doc_parse(m->mem, line, &doc);
    if (status != APIPIE_OK)
        return status == APIPIE_E_MEMORY ? status : APIPIE_OK;
    const struct pie_node *root = pie_doc_root(doc);
    struct pie_slice type = pie_node_text(pie_node_get(root, "type"));
    struct pie_slice id = pie_node_text(pie_node_get(root, "id"));
    if (id.n == 0 || id.n >= sizeof(((struct pie_meter_attempt *)0)->id))
        status = APIPIE_OK;
    else if (pie_slice_equal(type, "reserve"))
        status = line_read_reserve(m, root, id);
    else if (pie_slice_equal(type, "settle") || pie_slice_equal(type, "resolve"))
        line_read_end(m, root, id);
    pie_doc_free(doc);
    return status;
}
