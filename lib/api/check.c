/* SPDX-License-Identifier: MIT */
/* Knows which values any door takes; must not know what they are for. */
#include "api/api_priv.h"

const char *pie_api_text_problem(const char *text)
{
    size_t n = strlen(text);
    if (n > APIPIE_LIMIT_TEXT)
        return "it is longer than APIPIE_LIMIT_TEXT";
    if (pie_utf8_valid(text, n) != n)
        return "it is not valid UTF-8";
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return "it holds a control byte";
    }
    return NULL;
}

int32_t pie_api_name_is_good(const char *name)
{
    return name == NULL || (name[0] != '\0' && pie_api_text_problem(name) == NULL);
}

int32_t pie_api_amount_is_good(int64_t picodollars)
{
    return picodollars >= 0 || picodollars == APIPIE_UNKNOWN;
}

int32_t pie_api_path_is_good(const char *path)
{
    return path[0] != '\0' && strlen(path) <= APIPIE_LIMIT_TEXT;
}

int32_t pie_api_key_is_good(const char *key)
{
    size_t n = strlen(key);
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)key[i] <= 0x20 || (unsigned char)key[i] >= 0x7F)
            return 0;
    }
    return n >= 1 && n <= APIPIE_LIMIT_TEXT;
}

void pie_api_copy_text(struct pie_slice whole, char *text, size_t capacity)
{
    size_t n = pie_utf8_cut(whole.p, whole.n, capacity - 1);
    memcpy(text, whole.p, n);
    text[n] = '\0';
}

int32_t pie_api_line_is_good(const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n > APIPIE_LIMIT_TEXT || pie_is_blank(text[0]) || pie_is_blank(text[n - 1]))
        return 0;
    for (size_t i = 0; i < n; i++) {
        if ((text[i] < 0x20 && text[i] != '\t') || (unsigned char)text[i] >= 0x7F)
            return 0;
    }
    return 1;
}

/* ---- headers of the host */

/* What the library writes itself, or decides. */
static const char *const check_reserved[] = {
    "Authorization",   "Content-Type",      "Content-Length",  "Host",
    "Connection",      "Transfer-Encoding", "Expect",          "Accept",
    "Accept-Encoding", "User-Agent",        "Idempotency-Key", "traceparent",
};

/* RFC 9110, 5.6.2. */
static int32_t check_is_token(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > APIPIE_LIMIT_TEXT)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!pie_is_alpha(name[i]) && !pie_is_digit(name[i]) &&
            strchr("!#$%&'*+-.^_`|~", name[i]) == NULL)
            return 0;
    }
    return 1;
}

const char *pie_api_header_problem(const char *name, const char *value)
{
    if (name == NULL || !check_is_token(name))
        return "the name is none of a header";
    for (size_t i = 0; i < PIE_COUNT(check_reserved); i++) {
        if (pie_slice_equal_nocase(pie_slice_text(name), check_reserved[i]))
            return "the library writes this header itself";
    }
    if (value != NULL && !pie_api_line_is_good(value))
        return "the value must be printable ASCII, with blanks only inside";
    return NULL;
}

apipie_status pie_api_header_set(struct pie_headers *headers, const char *name, const char *value)
{
    if (value != NULL && pie_headers_get(headers, name) == NULL &&
        pie_headers_count(headers) >= APIPIE_LIMIT_HEADERS)
        return APIPIE_E_LIMIT;
    return pie_headers_set(headers, name, value);
}

int32_t pie_api_period_is_good(int64_t from_ms, int64_t to_ms)
{
    return from_ms >= APIPIE_UNKNOWN && to_ms >= APIPIE_UNKNOWN &&
           (to_ms == APIPIE_UNKNOWN || from_ms <= to_ms);
}
