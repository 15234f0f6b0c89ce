/* SPDX-License-Identifier: MIT */
/* Knows what a small call of libapipie sends; must not know how many, nor who moves them. */
#include "bare.h"

static const char bare_body[] =
    "{\"provider\":\"prodia\",\"model\":\"sd_xl_base_1.0\",\"prompt\":\"a lake\"}";
static const char *const bare_headers[] = {
    "User-Agent: libapipie/0.1.0",    "Accept-Encoding: deflate, gzip, br, zstd",
    "Authorization: Bearer bench",    "Accept: application/json",
    "Content-Type: application/json", "Idempotency-Key: 2b502a6b-3b95-45dc-bd91-75f2fa9a51e5",
};

struct curl_slist *bare_lines(void)
{
    struct curl_slist *lines = NULL;
    for (size_t i = 0; i < sizeof(bare_headers) / sizeof(bare_headers[0]); i++)
        lines = curl_slist_append(lines, bare_headers[i]);
    return lines;
}

static size_t bare_drop(char *p, size_t size, size_t count, void *user)
{
    (void)p;
    *(size_t *)user += size * count;
    return size * count;
}

CURL *bare_handle(const char *url, struct curl_slist *lines, long quiet, size_t *bytes)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bare_body);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, bare_drop);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, bytes);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, quiet);
    return easy;
}
