/* SPDX-License-Identifier: MIT */
/* Knows what libcurl is told before an exchange; must not know when it runs, nor what comes of it. */
#include "http/curl_priv.h"

#include "http/proxy_priv.h"

/* Large reads: an image is megabytes, and each turn of libcurl's loop costs. But libcurl takes and gives back the buffer with
 * every exchange, and where replies are small that costs as much as all the rest. */
#define SETUP_BUFFER_LARGE (256L * 1024)
#define SETUP_BUFFER_SMALL (16L * 1024)
/* Servers and balancers drop idle connections after about a minute; a POST on a dead one ends unknown. */
#define SETUP_IDLE_SECONDS 30L
/* Bytes of all header lines: what a list of headers may hold, and what is written between them. */
#define SETUP_LINES_MAX (3 * PIE_HEADERS_MAX + 4 * PIE_HEADERS_CUSTOM_MAX)
#define SETUP_OWN_MAX   200
/* Up to here head and body leave in one piece. */
#define SETUP_SMALL_BODY 16384

#define SETUP_SET(option, value)                                                                   \
    do {                                                                                           \
        if (curl_easy_setopt(x->easy, option, value) != CURLE_OK)                                  \
            return APIPIE_E_MEMORY;                                                                \
    } while (0)

/* ---- once a handle, or when it goes over to other settings */

static apipie_status setup_callbacks(struct pie_curl_exchange *x)
{
    SETUP_SET(CURLOPT_PRIVATE, (void *)x);
    SETUP_SET(CURLOPT_ERRORBUFFER, x->error);
    SETUP_SET(CURLOPT_HEADERFUNCTION, pie_curl_on_header);
    SETUP_SET(CURLOPT_HEADERDATA, (void *)x);
    SETUP_SET(CURLOPT_WRITEFUNCTION, pie_curl_on_body);
    SETUP_SET(CURLOPT_WRITEDATA, (void *)x);
    SETUP_SET(CURLOPT_READFUNCTION, pie_curl_on_read);
    SETUP_SET(CURLOPT_READDATA, (void *)x);
    SETUP_SET(CURLOPT_XFERINFOFUNCTION, pie_curl_on_progress);
    SETUP_SET(CURLOPT_XFERINFODATA, (void *)x);
    SETUP_SET(CURLOPT_NOPROGRESS, 0L);
    SETUP_SET(CURLOPT_PREREQFUNCTION, pie_curl_on_before_send);
    SETUP_SET(CURLOPT_PREREQDATA, (void *)x);
    SETUP_SET(CURLOPT_OPENSOCKETFUNCTION, pie_curl_on_open);
    SETUP_SET(CURLOPT_OPENSOCKETDATA, (void *)x);
    SETUP_SET(CURLOPT_CLOSESOCKETFUNCTION, pie_curl_on_close);
    SETUP_SET(CURLOPT_CLOSESOCKETDATA, (void *)x->transport);
    return APIPIE_OK;
}

static apipie_status setup_safety(struct pie_curl_exchange *x)
{
    SETUP_SET(CURLOPT_NOSIGNAL, 1L);
    SETUP_SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SETUP_SET(CURLOPT_FOLLOWLOCATION, 0L); /* redirects are legs of their own */
    SETUP_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SETUP_SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SETUP_SET(CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC); /* its other one, GSSAPI, waits */
    SETUP_SET(CURLOPT_MAXAGE_CONN, SETUP_IDLE_SECONDS);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name lookup that hangs is left behind, not waited for. An older libcurl at run time refuses, and waits. */
    curl_easy_setopt(x->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    return APIPIE_OK;
}

static apipie_status setup_manners(struct pie_curl_exchange *x)
{
    /* It decodes by that; what is asked for is said by a line of our own. */
    SETUP_SET(CURLOPT_ACCEPT_ENCODING, "");
    SETUP_SET(CURLOPT_TCP_KEEPALIVE, 1L); /* minutes of silence while the picture is drawn */
    return APIPIE_OK;
}

/* ---- the settings of a client */

int32_t pie_curl_can(int32_t what)
{
    int32_t features = curl_version_info(CURLVERSION_NOW)->features;
    if (what == PIE_CURL_HTTP2)
        return (features & CURL_VERSION_HTTP2) != 0;
    if (what == PIE_CURL_HTTPS_PROXY)
        return (features & CURL_VERSION_HTTPS_PROXY) != 0;
    pie_curl_begin();
    static char nothing[] = "";
    struct curl_blob pem = {nothing, 0, CURL_BLOB_COPY};
    CURL *easy = curl_easy_init();
    int32_t can = easy != NULL && curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &pem) == CURLE_OK;
    curl_easy_cleanup(easy);
    return can;
}

const char *pie_curl_version(int32_t tls)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    return tls ? info->ssl_version : info->version;
}

/* The proxy of an https:// proxy is a server too. CAPATH is the system's folder: beside other certificates it would still be trusted. */
static apipie_status setup_trust(struct pie_curl_exchange *x, const struct pie_wire_options *o)
{
    /* It lives as long as the request; a handle that outlives it looks at it no more. */
    struct curl_blob pem = {o->ca_pem, o->ca_pem_size, CURL_BLOB_NOCOPY};
    if (o->ca_pem == NULL && o->ca_file == NULL)
        return APIPIE_OK;
    SETUP_SET(CURLOPT_CAPATH, NULL);
    if (o->ca_pem != NULL)
        SETUP_SET(CURLOPT_CAINFO_BLOB, &pem);
    else
        SETUP_SET(CURLOPT_CAINFO, o->ca_file);
    if (!pie_curl_can(PIE_CURL_HTTPS_PROXY))
        return APIPIE_OK;
    SETUP_SET(CURLOPT_PROXY_CAPATH, NULL);
    if (o->ca_pem != NULL)
        SETUP_SET(CURLOPT_PROXY_CAINFO_BLOB, &pem);
    else
        SETUP_SET(CURLOPT_PROXY_CAINFO, o->ca_file);
    return APIPIE_OK;
}

/* Only with the server that the client is set up for. */
static apipie_status setup_identity(struct pie_curl_exchange *x, const struct pie_wire_options *o)
{
    if (o->pinned_key != NULL)
        SETUP_SET(CURLOPT_PINNEDPUBLICKEY, o->pinned_key);
    if (o->certificate == NULL)
        return APIPIE_OK;
    SETUP_SET(CURLOPT_SSLCERT, o->certificate);
    SETUP_SET(CURLOPT_SSLKEY, o->certificate_key != NULL ? o->certificate_key : o->certificate);
    /* Without one the TLS library would ask on the terminal. */
    SETUP_SET(CURLOPT_KEYPASSWD, o->certificate_password != NULL ? o->certificate_password : "");
    return APIPIE_OK;
}

/* Said which of both it is: a name that is no interface would be looked up, and waited for. */
static apipie_status setup_interface(struct pie_curl_exchange *x, const char *name)
{
    struct pie_buf text;
    size_t colons = 0;
    for (const char *p = name; *p != '\0'; p++)
        colons += *p == ':';
    int32_t address = name[strspn(name, "0123456789.")] == '\0' || colons > 1;
    pie_buf_init(&text, x->transport->mem, APIPIE_LIMIT_TEXT + 8);
    pie_buf_add_text(&text, address ? "host!" : "if!");
    pie_buf_add_text(&text, name);
    apipie_status status = text.failed;
    if (status == APIPIE_OK && curl_easy_setopt(x->easy, CURLOPT_INTERFACE, text.p) != CURLE_OK)
        status = APIPIE_E_MEMORY;
    pie_buf_free(&text);
    return status;
}

static long setup_ip_version(int32_t version)
{
    if (version == 0)
        return CURL_IPRESOLVE_WHATEVER;
    return version == 4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6;
}

/* CURLOPT_PIPEWAIT stays off: who waits for another's handshake has no limit for connecting meanwhile, and when that one fails the
 * next begins anew, one after the other. So a burst opens its connections at once, and what comes later shares them. */
static apipie_status setup_options(struct pie_curl_exchange *x, const struct pie_wire_options *o)
{
    /* One HTTP/2 reset would leave every paid call of the connection unknown. */
    SETUP_SET(CURLOPT_HTTP_VERSION,
              (long)(o->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    SETUP_SET(CURLOPT_IPRESOLVE, setup_ip_version(o->ip_version));
    if (o->proxy != NULL) /* no_proxy is for the environment's */
        SETUP_SET(CURLOPT_NOPROXY, "");
    if (pie_curl_can(PIE_CURL_HTTPS_PROXY))
        SETUP_SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    apipie_status status = setup_trust(x, o);
    if (status == APIPIE_OK && x->ours)
        status = setup_identity(x, o);
    if (status == APIPIE_OK && o->interface_name != NULL)
        status = setup_interface(x, o->interface_name);
    return status;
}

static const struct pie_wire_options setup_no_options;

static const struct pie_wire_options *setup_options_of(const struct pie_curl_exchange *x)
{
    return x->request->options != NULL ? x->request->options : &setup_no_options;
}

/* Nothing of other settings may stay behind: then the handle begins anew. */
static apipie_status setup_settings(struct pie_curl_exchange *x)
{
    const struct pie_wire_options *o = setup_options_of(x);
    int32_t ours = x->request->ours && (o->certificate != NULL || o->pinned_key != NULL);
    if (x->ready && x->serial == o->serial && x->ours == ours)
        return APIPIE_OK;
    if (x->ready)
        curl_easy_reset(x->easy);
    x->serial = o->serial;
    x->ours = ours;
    apipie_status status = setup_callbacks(x);
    if (status == APIPIE_OK)
        status = setup_safety(x);
    if (status == APIPIE_OK)
        status = setup_manners(x);
    if (status == APIPIE_OK)
        status = setup_options(x, o);
    x->ready = status == APIPIE_OK;
    return status;
}

/* ---- birth and death */

struct pie_curl_exchange *pie_curl_exchange_new(struct pie_curl_transport *t)
{
    struct pie_curl_exchange *x = pie_mem_new(t->mem, 1, sizeof(*x));
    if (x == NULL)
        return NULL;
    x->transport = t;
    pie_headers_init(&x->headers, t->mem);
    pie_http_place_init(&x->read);
    pie_curl_lines_init(&x->lines, t->mem);
    x->easy = curl_easy_init();
    return x->easy != NULL ? x : pie_curl_exchange_free(x);
}

struct pie_curl_exchange *pie_curl_exchange_free(struct pie_curl_exchange *x)
{
    if (x->easy != NULL)
        curl_easy_cleanup(x->easy);
    x->easy = NULL;
    pie_curl_exchange_clear(x);
    pie_curl_lines_free(&x->lines);
    return pie_mem_free(x->transport->mem, x);
}

/* ---- origins */

/* Length of "https://host:port" at the start of a URL that holds nothing unusual and no password; 0 otherwise. */
static size_t setup_origin_length(const char *url)
{
    size_t n = 0;
    struct pie_slice u = pie_slice_text(url);
    for (size_t i = 0; i < u.n; i++) {
        unsigned char c = (unsigned char)u.p[i];
        if (c <= ' ' || c >= 0x7F)
            return 0;
    }
    if (pie_slice_starts_nocase(u, "https://"))
        n = 8;
    else if (pie_slice_starts_nocase(u, "http://"))
        n = 7;
    size_t host = n != 0 ? strcspn(u.p + n, "/?#") : 0;
    return host != 0 && memchr(u.p + n, '@', host) == NULL ? n + host : 0;
}

static void setup_origin_free(struct pie_curl_transport *t, struct pie_curl_origin *o)
{
    o->text = pie_mem_free(t->mem, o->text);
    o->n = 0;
    pie_url_free(t->mem, &o->url);
}

void pie_curl_origins_free(struct pie_curl_transport *t)
{
    for (size_t i = 0; i < PIE_CURL_ORIGINS; i++)
        setup_origin_free(t, &t->origins[i]);
}

static struct pie_curl_origin *setup_origin_known(struct pie_curl_transport *t, const char *url,
                                                  size_t n)
{
    for (size_t i = 0; n != 0 && i < PIE_CURL_ORIGINS; i++) {
        struct pie_curl_origin *o = &t->origins[i];
        if (o->n == n && memcmp(o->text, url, n) == 0)
            return o;
    }
    return NULL;
}

/* What the URL says of its host: parsed once an origin, not once a call. */
static apipie_status setup_origin(struct pie_curl_transport *t, const char *url,
                                  struct pie_curl_origin **ret)
{
    size_t n = setup_origin_length(url);
    *ret = setup_origin_known(t, url, n);
    if (*ret != NULL)
        return APIPIE_OK;
    struct pie_curl_origin fresh;
    memset(&fresh, 0, sizeof(fresh));
    fresh.n = n;
    apipie_status status = pie_url_parse(t->mem, url, &fresh.url);
    if (status != APIPIE_OK)
        return status;
    fresh.loopback = pie_url_host_is_loopback(fresh.url.host);
    fresh.text = pie_mem_text(t->mem, url, n);
    if (fresh.text == NULL) {
        setup_origin_free(t, &fresh);
        return APIPIE_E_MEMORY;
    }
    struct pie_curl_origin *o = &t->origins[t->oldest_origin++ % PIE_CURL_ORIGINS];
    setup_origin_free(t, o);
    *o = fresh;
    *ret = o;
    return APIPIE_OK;
}

/* ---- once a request */

static void setup_encoding(struct pie_buf *out, int32_t known, const char *name)
{
    if (!known)
        return;
    if (out->n != 0)
        pie_buf_add_text(out, ", ");
    pie_buf_add_text(out, name);
}

/* What libcurl would say itself. */
static void setup_encodings(struct pie_buf *out)
{
    int32_t features = curl_version_info(CURLVERSION_NOW)->features;
    setup_encoding(out, (features & CURL_VERSION_LIBZ) != 0, "deflate, gzip");
    setup_encoding(out, (features & CURL_VERSION_BROTLI) != 0, "br");
    setup_encoding(out, (features & CURL_VERSION_ZSTD) != 0, "zstd");
}

/* There is room, or growing would leave copies of the key behind. */
static void setup_add_line(struct pie_curl_lines *l, const char *name, const char *value)
{
    struct curl_slist *line = &l->each[l->count];
    line->data = l->text.p + l->text.n;
    line->next = NULL;
    if (l->count++ != 0)
        line[-1].next = line;
    pie_buf_add_text(&l->text, name);
    pie_buf_add_text(&l->text, ": ");
    pie_buf_add_text(&l->text, value);
    pie_buf_add_char(&l->text, '\0');
}

static apipie_status setup_line_room(struct pie_curl_lines *l, size_t count, size_t bytes)
{
    if (count > l->room) {
        struct curl_slist *longer = pie_mem_new(l->text.mem, count, sizeof(*longer));
        if (longer == NULL)
            return APIPIE_E_MEMORY;
        pie_mem_free(l->text.mem, l->each);
        l->each = longer;
        l->room = count;
    }
    pie_buf_reserve(&l->text, bytes);
    return l->text.failed;
}

void pie_curl_lines_init(struct pie_curl_lines *l, const struct pie_mem *mem)
{
    memset(l, 0, sizeof(*l));
    pie_buf_init(&l->text, mem, SETUP_LINES_MAX);
}

void pie_curl_lines_clear(struct pie_curl_lines *l)
{
    if (l->text.p != NULL)
        pie_mem_wipe(l->text.p, l->text.n);
    pie_buf_clear(&l->text);
    l->count = 0;
}

void pie_curl_lines_free(struct pie_curl_lines *l)
{
    pie_curl_lines_clear(l);
    l->each = pie_mem_free(l->text.mem, l->each);
    l->room = 0;
    pie_buf_free(&l->text);
}

apipie_status pie_curl_lines_own(struct pie_curl_lines *l)
{
    struct pie_buf encodings;
    pie_buf_init(&encodings, l->text.mem, SETUP_OWN_MAX);
    setup_encodings(&encodings);
    apipie_status status = encodings.failed;
    if (status == APIPIE_OK)
        status = setup_line_room(l, 3, SETUP_OWN_MAX);
    if (status == APIPIE_OK) {
        setup_add_line(l, "User-Agent", PIE_HTTP_AGENT);
        /* Empty Expect: or libcurl waits a second for a 100 that many servers never send. */
        setup_add_line(l, "Expect", "");
        if (encodings.n != 0)
            setup_add_line(l, "Accept-Encoding", encodings.p);
        status = l->text.failed;
    }
    pie_buf_free(&encodings);
    return status;
}

/* Those of the request, and behind them those that all requests have; an agent of the client's stands for the first of these. */
static apipie_status setup_headers(struct pie_curl_exchange *x)
{
    struct pie_curl_lines *l = &x->lines;
    const struct pie_headers *h = &x->request->headers;
    const char *agent = setup_options_of(x)->agent;
    const char *name = NULL;
    const char *value = NULL;
    size_t count = agent != NULL ? 1 : 0;
    for (size_t at = 0; pie_headers_next(h, &at, &name, &value);)
        count++;
    /* A blank more than in the list: it has a NUL behind each name and value. */
    apipie_status status = setup_line_room(
        l, count, h->text.n + count + (agent != NULL ? strlen(agent) + sizeof("User-Agent: ") : 0));
    for (size_t at = 0; status == APIPIE_OK && pie_headers_next(h, &at, &name, &value);) {
        setup_add_line(l, name, value);
        status = l->text.failed;
    }
    if (status == APIPIE_OK && agent != NULL) {
        setup_add_line(l, "User-Agent", agent);
        status = l->text.failed;
    }
    if (status != APIPIE_OK)
        return status;
    struct curl_slist *own = agent != NULL ? x->transport->own.each + 1 : x->transport->own.each;
    if (count != 0)
        l->each[count - 1].next = own;
    SETUP_SET(CURLOPT_HTTPHEADER, count != 0 ? l->each : own);
    return APIPIE_OK;
}

/* The environment is read anew each time, as libcurl does; loopback never goes through a proxy, whatever it says. */
static apipie_status setup_proxy(struct pie_curl_exchange *x)
{
    const struct pie_wire_options *o = setup_options_of(x);
    const struct pie_url *u = &x->origin->url;
    const char *set = x->origin->loopback ? "" : o->proxy;
    const char *proxy = set != NULL ? set : pie_proxy_of_environment(u);
    x->proxied = proxy != NULL && proxy[0] != '\0';
    x->asks_proxy = x->proxied && strcmp(u->scheme, "http") == 0 && !pie_proxy_is_socks(proxy);
    x->transport->secure |= x->proxied && pie_proxy_is_secure(proxy);
    SETUP_SET(CURLOPT_PROXY, set);
    /* For its CONNECT. */
    SETUP_SET(CURLOPT_USERAGENT,
              !x->proxied ? NULL : (o->agent != NULL ? o->agent : PIE_HTTP_AGENT));
    return APIPIE_OK;
}

static apipie_status setup_body(struct pie_curl_exchange *x)
{
    const struct pie_http_request *q = x->request;
    if (strcmp(q->method, "POST") != 0) {
        SETUP_SET(CURLOPT_HTTPGET, 1L);
        return APIPIE_OK;
    }
    SETUP_SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->length);
    SETUP_SET(CURLOPT_POSTFIELDS, x->length <= SETUP_SMALL_BODY ? pie_http_request_plain(q) : NULL);
    SETUP_SET(CURLOPT_POST, 1L);
    return APIPIE_OK;
}

apipie_status pie_curl_exchange_prepare(struct pie_curl_exchange *x)
{
    const struct pie_http_request *q = x->request;
    x->length = strcmp(q->method, "POST") == 0 ? pie_http_request_length(q) : 0;
    apipie_status status = setup_settings(x);
    if (status == APIPIE_OK)
        status = setup_headers(x);
    if (status == APIPIE_OK)
        status = setup_origin(x->transport, q->url.p, &x->origin);
    if (status == APIPIE_OK)
        status = setup_proxy(x);
    if (status != APIPIE_OK)
        return status;
    SETUP_SET(CURLOPT_URL, q->url.p);
    x->connect_ms = q->connect_timeout_ms;
    SETUP_SET(CURLOPT_CONNECTTIMEOUT_MS, (long)x->connect_ms);
    x->transport->secure |= strcmp(x->origin->url.scheme, "https") == 0;
    /* A wish only: without it the exchange is slower, or a turn longer than it may be. */
    int32_t small = x->origin->small || q->small_pieces;
    curl_easy_setopt(x->easy, CURLOPT_BUFFERSIZE, small ? SETUP_BUFFER_SMALL : SETUP_BUFFER_LARGE);
    return setup_body(x);
}

void pie_curl_exchange_clear(struct pie_curl_exchange *x)
{
    if (x->easy != NULL) { /* it must not point at what is gone */
        curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, NULL);
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(x->easy, CURLOPT_URL, NULL);
    }
    pie_curl_lines_clear(&x->lines);
    pie_headers_free(&x->headers);
    pie_http_place_rewind(&x->read);
    struct pie_curl_exchange fresh;
    memset(&fresh, 0, sizeof(fresh));
    fresh.transport = x->transport;
    fresh.easy = x->easy;
    fresh.lines = x->lines;
    fresh.ready = x->ready;
    fresh.serial = x->serial;
    fresh.ours = x->ours;
    *x = fresh;
    pie_headers_init(&x->headers, x->transport->mem);
    pie_http_place_init(&x->read);
}
