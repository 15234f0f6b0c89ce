/* SPDX-License-Identifier: MIT */
/* Knows the words that order a fault; must not know what they do to an answer. */
#include "sandbox/sandbox_priv.h"

#define FAULT_WAIT_MAX 600000

static const struct fault_word {
    const char *word;
    const char *value; /* how the list shows it; NULL: takes none */
    int32_t flag;
} fault_words[] = {
    {"status", "CODE", PIE_FAULT_STATUS},     {"retry-after", "TEXT", PIE_FAULT_RETRY_AFTER},
    {"quota", NULL, PIE_FAULT_QUOTA},         {"content", NULL, PIE_FAULT_CONTENT},
    {"error200", NULL, PIE_FAULT_ERROR200},   {"html", NULL, PIE_FAULT_HTML},
    {"html200", NULL, PIE_FAULT_HTML200},     {"cut", NULL, PIE_FAULT_CUT},
    {"stall", "MS", PIE_FAULT_STALL},         {"badjson", NULL, PIE_FAULT_BADJSON},
    {"truncate", NULL, PIE_FAULT_TRUNCATE},   {"noimage", NULL, PIE_FAULT_NOIMAGE},
    {"fewer", NULL, PIE_FAULT_FEWER},         {"wrongmime", NULL, PIE_FAULT_WRONGMIME},
    {"dataurl", NULL, PIE_FAULT_DATAURL},     {"relurl", NULL, PIE_FAULT_RELURL},
    {"urlin64", NULL, PIE_FAULT_URLIN64},     {"url404", NULL, PIE_FAULT_URL404},
    {"nousage", NULL, PIE_FAULT_NOUSAGE},     {"coststring", NULL, PIE_FAULT_COSTSTRING},
    {"late", "MS", PIE_FAULT_LATE},           {"ratelimit", "REMAINING/RESET", PIE_FAULT_RATELIMIT},
    {"onlyone", NULL, PIE_FAULT_ONLYONE},     {"shouldretry", "true|false", PIE_FAULT_SHOULDRETRY},
    {"sse", "TRAP,...", PIE_FAULT_SSE},       {"grid", NULL, PIE_FAULT_GRID},
    {"progress", "X", PIE_FAULT_PROGRESS},    {"jobfail", NULL, PIE_FAULT_JOBFAIL},
    {"queuefull", NULL, PIE_FAULT_QUEUEFULL}, {"expired", NULL, PIE_FAULT_EXPIRED},
    {"blurred", NULL, PIE_FAULT_BLURRED},
};

static const struct fault_trap {
    const char *word;
    int32_t flag;
} fault_traps[] = {
    {"crlf", PIE_SSE_CRLF},         {"cr", PIE_SSE_CR},       {"nospace", PIE_SSE_NOSPACE},
    {"comments", PIE_SSE_COMMENTS}, {"lines", PIE_SSE_LINES}, {"bom", PIE_SSE_BOM},
    {"bytes", PIE_SSE_BYTES},       {"done", PIE_SSE_DONE},   {"error", PIE_SSE_ERROR},
    {"eof", PIE_SSE_EOF},           {"plain", PIE_SSE_PLAIN},
};

void pie_fault_list(struct pie_buf *out)
{
    for (size_t i = 0; i < PIE_COUNT(fault_words); i++) {
        if (i != 0)
            pie_buf_add_text(out, ", ");
        pie_buf_add_text(out, fault_words[i].word);
        if (fault_words[i].value != NULL) {
            pie_buf_add_char(out, ':');
            pie_buf_add_text(out, fault_words[i].value);
        }
    }
}

/* Up to the first `end`; *s goes behind it. */
static struct pie_slice fault_take(struct pie_slice *s, char end, int32_t *ret_found)
{
    size_t n = 0;
    struct pie_slice part;

    while (n < s->n && s->p[n] != end)
        n++;
    *ret_found = n < s->n;
    part = pie_slice_trim(pie_slice(s->p, n));
    n += *ret_found ? 1 : 0;
    *s = pie_slice(s->p + n, s->n - n);
    return part;
}

static apipie_status fault_number(struct pie_slice value, uint64_t least, uint64_t most,
                                  int32_t *ret)
{
    uint64_t v = 0;

    if (pie_number_uint(value, &v) != APIPIE_OK || v < least || v > most)
        return APIPIE_E_ARGUMENT;
    *ret = (int32_t)v;
    return APIPIE_OK;
}

/* A header's text, as it is. */
static apipie_status fault_text(struct pie_slice value, char *out, size_t capacity)
{
    if (value.n == 0 || value.n >= capacity)
        return APIPIE_E_ARGUMENT;
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < ' ' || value.p[i] > '~')
            return APIPIE_E_ARGUMENT;
    pie_text_copy(value, out, capacity);
    return APIPIE_OK;
}

static apipie_status fault_rate(struct pie_slice value, struct pie_fault *f)
{
    int32_t found; /* without one, the second text is empty: refused */
    struct pie_slice remaining = fault_take(&value, '/', &found);

    if (fault_text(remaining, f->rate_remaining, sizeof(f->rate_remaining)) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    return fault_text(pie_slice_trim(value), f->rate_reset, sizeof(f->rate_reset));
}

static apipie_status fault_yes_no(struct pie_slice value, const char **ret)
{
    if (!pie_slice_equal(value, "true") && !pie_slice_equal(value, "false"))
        return APIPIE_E_ARGUMENT;
    *ret = value.n == 4 ? "true" : "false";
    return APIPIE_OK;
}

static apipie_status fault_sse(struct pie_slice value, int32_t *ret)
{
    int32_t more = 1;

    while (more) {
        struct pie_slice word = fault_take(&value, ',', &more);
        size_t i = 0;

        while (i < PIE_COUNT(fault_traps) && !pie_slice_equal(word, fault_traps[i].word))
            i++;
        if (i == PIE_COUNT(fault_traps))
            return APIPIE_E_ARGUMENT;
        *ret |= fault_traps[i].flag;
    }
    return APIPIE_OK;
}

/* A JSON number, as it is. */
static apipie_status fault_json_number(struct pie_slice value, char *out, size_t capacity)
{
    return pie_json_is_number(value) ? fault_text(value, out, capacity) : APIPIE_E_ARGUMENT;
}

static apipie_status fault_value(struct pie_slice value, int32_t flag, struct pie_fault *f)
{
    switch (flag) {
    case PIE_FAULT_STATUS:
        return fault_number(value, 400, 599, &f->status);
    case PIE_FAULT_STALL:
        return fault_number(value, 0, FAULT_WAIT_MAX, &f->stall_ms);
    case PIE_FAULT_LATE:
        return fault_number(value, 0, FAULT_WAIT_MAX, &f->late_ms);
    case PIE_FAULT_RATELIMIT:
        return fault_rate(value, f);
    case PIE_FAULT_SSE:
        return fault_sse(value, &f->sse);
    case PIE_FAULT_PROGRESS:
        return fault_json_number(value, f->progress, sizeof(f->progress));
    case PIE_FAULT_SHOULDRETRY:
        return fault_yes_no(value, &f->should_retry);
    default:
        return fault_text(value, f->retry_after, sizeof(f->retry_after));
    }
}

static apipie_status fault_one(struct pie_slice part, struct pie_fault *f)
{
    int32_t valued;
    struct pie_slice value = part, word = fault_take(&value, ':', &valued);

    for (size_t i = 0; i < PIE_COUNT(fault_words); i++) {
        if (!pie_slice_equal(word, fault_words[i].word))
            continue;
        if (valued != (fault_words[i].value != NULL))
            return APIPIE_E_ARGUMENT;
        f->set |= fault_words[i].flag;
        return valued ? fault_value(pie_slice_trim(value), fault_words[i].flag, f) : APIPIE_OK;
    }
    return APIPIE_E_ARGUMENT;
}

apipie_status pie_fault_parse(struct pie_slice text, struct pie_fault *ret)
{
    struct pie_fault f;

    memset(&f, 0, sizeof(f));
    while (text.n != 0) {
        int32_t more;
        struct pie_slice part = fault_take(&text, ';', &more);

        if (part.n != 0 && fault_one(part, &f) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
    }
    *ret = f;
    return APIPIE_OK;
}
