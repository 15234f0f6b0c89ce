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

int32_t pie_api_backend_is_known(const char *backend)
{
    return backend == NULL || strcmp(backend, "apipie") == 0;
}
