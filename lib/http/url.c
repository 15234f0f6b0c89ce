/* SPDX-License-Identifier: MIT */
/* Knows URLs, by libcurl's parser; must not fetch them. */
#include "http/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>

static apipie_status url_status(CURLUcode code)
{
    return code == CURLUE_OUT_OF_MEMORY ? APIPIE_E_MEMORY : APIPIE_E_ARGUMENT;
}

/* A piece of the URL in our own memory. */
static apipie_status url_piece(const struct pie_mem *mem, CURLU *u, CURLUPart part, unsigned flags,
                               char **ret)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(u, part, &text, flags);
    if (code != CURLUE_OK)
        return url_status(code);
    char *copy = pie_mem_text(mem, text, strlen(text));
    curl_free(text);
    if (copy == NULL)
        return APIPIE_E_MEMORY;
    *ret = copy;
    return APIPIE_OK;
}

static void url_lower(char *text)
{
    for (; *text != '\0'; text++)
        *text = (char)pie_lower(*text);
}

static int32_t url_is_http(const char *scheme)
{
    return strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
}

void pie_url_free(const struct pie_mem *mem, struct pie_url *u)
{
    u->scheme = pie_mem_free(mem, u->scheme);
    u->host = pie_mem_free(mem, u->host);
    u->port = pie_mem_free(mem, u->port);
    u->path = pie_mem_free(mem, u->path);
}

static apipie_status url_take_apart(const struct pie_mem *mem, CURLU *u, struct pie_url *ret)
{
    apipie_status status = url_piece(mem, u, CURLUPART_SCHEME, 0, &ret->scheme);
    if (status == APIPIE_OK)
        status = url_piece(mem, u, CURLUPART_HOST, 0, &ret->host);
    if (status == APIPIE_OK)
        status = url_piece(mem, u, CURLUPART_PORT, CURLU_DEFAULT_PORT, &ret->port);
    if (status == APIPIE_OK)
        status = url_piece(mem, u, CURLUPART_PATH, 0, &ret->path);
    if (status != APIPIE_OK)
        return status;
    url_lower(ret->scheme);
    url_lower(ret->host);
    return url_is_http(ret->scheme) ? APIPIE_OK : APIPIE_E_ARGUMENT;
}

apipie_status pie_url_parse(const struct pie_mem *mem, const char *text, struct pie_url *ret)
{
    struct pie_url parsed = {NULL, NULL, NULL, NULL};
    CURLU *u = curl_url();
    if (u == NULL)
        return APIPIE_E_MEMORY;
    CURLUcode code = curl_url_set(u, CURLUPART_URL, text, 0);
    apipie_status status = code == CURLUE_OK ? url_take_apart(mem, u, &parsed) : url_status(code);
    curl_url_cleanup(u);
    if (status != APIPIE_OK) {
        pie_url_free(mem, &parsed);
        return status;
    }
    *ret = parsed;
    return APIPIE_OK;
}

apipie_status pie_url_resolve(const struct pie_mem *mem, const char *base, const char *reference,
                              char **ret)
{
    struct pie_slice r = pie_slice_text(reference);
    /* A signed URL must stay as it came, byte for byte: a parser would tidy it up. */
    if (pie_slice_starts_nocase(r, "http://") || pie_slice_starts_nocase(r, "https://")) {
        char *copy = pie_mem_text(mem, r.p, r.n);
        if (copy == NULL)
            return APIPIE_E_MEMORY;
        *ret = copy;
        return APIPIE_OK;
    }
    CURLU *u = curl_url();
    if (u == NULL)
        return APIPIE_E_MEMORY;
    CURLUcode code = curl_url_set(u, CURLUPART_URL, base, 0);
    if (code == CURLUE_OK)
        code = curl_url_set(u, CURLUPART_URL, reference, CURLU_URLENCODE);
    apipie_status status =
        code == CURLUE_OK ? url_piece(mem, u, CURLUPART_URL, 0, ret) : url_status(code);
    curl_url_cleanup(u);
    return status;
}

/* ---- proxies */

/* No path, query or fragment: there is nothing that they could mean. */
static int32_t url_is_bare(CURLU *u)
{
    char *path = NULL;
    char *other = NULL;
    int32_t bare = curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK && strcmp(path, "/") == 0;
    curl_free(path);
    bare = bare && curl_url_get(u, CURLUPART_QUERY, &other, 0) != CURLUE_OK &&
           curl_url_get(u, CURLUPART_FRAGMENT, &other, 0) != CURLUE_OK;
    curl_free(other);
    return bare;
}

apipie_status pie_url_check_proxy(const char *text)
{
    static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};
    size_t i = 0;
    while (i < PIE_COUNT(schemes) && !pie_slice_starts_nocase(pie_slice_text(text), schemes[i]))
        i++;
    if (i == PIE_COUNT(schemes))
        return APIPIE_E_ARGUMENT;
    CURLU *u = curl_url();
    if (u == NULL)
        return APIPIE_E_MEMORY;
    CURLUcode code = curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    apipie_status status = code == CURLUE_OK ? APIPIE_OK : url_status(code);
    if (status == APIPIE_OK && !url_is_bare(u))
        status = APIPIE_E_ARGUMENT;
    curl_url_cleanup(u);
    return status;
}

/* ---- hosts */

/* Bytes of a literal address, without the brackets of IPv6; 0 when it is a name. */
static size_t url_literal(const char *host, uint8_t bytes[16])
{
    char plain[64];
    struct pie_slice h = pie_slice_text(host);
    if (inet_pton(AF_INET, host, bytes) == 1)
        return 4;
    if (h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
        h = pie_slice(h.p + 1, h.n - 2);
    const char *zone = h.n != 0 ? memchr(h.p, '%', h.n) : NULL;
    if (zone != NULL)
        h.n = (size_t)(zone - h.p);
    pie_text_copy(h, plain, sizeof(plain));
    return inet_pton(AF_INET6, plain, bytes) == 1 ? 16 : 0;
}

/* "localhost" and names below it are this machine by RFC 6761. */
static int32_t url_is_localhost(const char *host)
{
    struct pie_slice h = pie_slice_text(host);
    if (h.n != 0 && h.p[h.n - 1] == '.')
        h.n--;
    if (pie_slice_equal_nocase(h, "localhost"))
        return 1;
    return h.n > 10 && pie_slice_equal_nocase(pie_slice(h.p + h.n - 10, 10), ".localhost");
}

int32_t pie_url_host_is_loopback(const char *host)
{
    static const uint8_t loopback6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    uint8_t bytes[16];
    size_t n = url_literal(host, bytes);
    if (n == 0)
        return url_is_localhost(host);
    return n == 4 ? bytes[0] == 127 : memcmp(bytes, loopback6, 16) == 0;
}

int32_t pie_url_host_is_private(const char *host)
{
    uint8_t bytes[16];
    size_t n = url_literal(host, bytes);
    return n == 0 ? url_is_localhost(host) : pie_address_is_private(bytes, n);
}
