/* SPDX-License-Identifier: MIT */
/* Knows how to read from libcurl what came of an exchange; must not know who asks, nor what it cost. */
#include "http/curl_priv.h"

static long outcome_number(const struct pie_curl_exchange *x, CURLINFO which)
{
    long number = 0;
    curl_easy_getinfo(x->easy, which, &number);
    return number;
}

/* What a proxy has to do with it: a proxy that asks for a password has passed nothing on. PIE_WIRE_OK: nothing. */
static int32_t outcome_of_proxy(const struct pie_curl_exchange *x)
{
    if (!x->proxied)
        return PIE_WIRE_OK;
    long connect = outcome_number(x, CURLINFO_HTTP_CONNECTCODE);
    if (connect == 407 || connect == 401 || /* some say it that way */
        (x->asks_proxy && outcome_number(x, CURLINFO_RESPONSE_CODE) == 407))
        return PIE_WIRE_PROXY_AUTH;
    if (x->code == CURLE_COULDNT_RESOLVE_PROXY || x->code == CURLE_COULDNT_CONNECT ||
        (x->code != CURLE_OK && connect >= 300))
        return PIE_WIRE_PROXY;
    if (x->code != CURLE_PROXY)
        return PIE_WIRE_OK;
    switch (outcome_number(x, CURLINFO_PROXY_ERROR)) {
    case CURLPX_RESOLVE_HOST: /* looked up here */
        return PIE_WIRE_LOOKUP;
    case CURLPX_NO_AUTH:
    case CURLPX_USER_REJECTED:
    case CURLPX_REQUEST_FAILED:
    case CURLPX_LONG_USER:
    case CURLPX_LONG_PASSWD:
        return PIE_WIRE_PROXY_AUTH;
    default:
        return PIE_WIRE_PROXY;
    }
}

static int32_t outcome_of_code(const struct pie_curl_exchange *x)
{
    switch (x->code) {
    case CURLE_OK: /* libcurl is content with headers that break off */
        return x->headers_whole ? PIE_WIRE_OK : PIE_WIRE_CUT;
    case CURLE_COULDNT_RESOLVE_HOST:
        return PIE_WIRE_LOOKUP;
    case CURLE_COULDNT_CONNECT:
        return PIE_WIRE_CONNECT;
    case CURLE_OPERATION_TIMEDOUT: /* the only limit that libcurl is given */
        return PIE_WIRE_CONNECT_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
        return PIE_WIRE_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return PIE_WIRE_CERTIFICATE;
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return PIE_WIRE_PINNED;
    case CURLE_SSL_CACERT_BADFILE:
        return PIE_WIRE_CA;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CLIENTCERT:
        return PIE_WIRE_OWN_CERTIFICATE;
    case CURLE_INTERFACE_FAILED:
        return PIE_WIRE_INTERFACE;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return PIE_WIRE_CUT;
    case CURLE_OUT_OF_MEMORY:
        return PIE_WIRE_MEMORY;
    default:
        return PIE_WIRE_OTHER;
    }
}

int32_t pie_curl_verdict(const struct pie_curl_exchange *x)
{
    if (x->resent)
        return PIE_WIRE_RESENT;
    int32_t proxy = outcome_of_proxy(x);
    if (proxy == PIE_WIRE_PROXY_AUTH) /* whatever became of its page */
        return proxy;
    if (x->writer_status != APIPIE_OK)
        return PIE_WIRE_WRITER;
    if (x->refused)
        return PIE_WIRE_REFUSED;
    if (x->read.reason != NULL)
        return PIE_WIRE_BODY;
    return proxy != PIE_WIRE_OK ? proxy : outcome_of_code(x);
}

static int64_t outcome_time(const struct pie_curl_exchange *x, CURLINFO which)
{
    curl_off_t us = 0;
    if (curl_easy_getinfo(x->easy, which, &us) != CURLE_OK || us <= 0)
        return APIPIE_UNKNOWN;
    return (int64_t)us;
}

static void outcome_times(const struct pie_curl_exchange *x, struct pie_outcome *ret)
{
    const struct pie_progress *p = x->progress;
    ret->lookup_us = outcome_time(x, CURLINFO_NAMELOOKUP_TIME_T);
    ret->connect_us = outcome_time(x, CURLINFO_CONNECT_TIME_T);
    ret->tls_us = outcome_time(x, CURLINFO_APPCONNECT_TIME_T);
    ret->total_us = outcome_time(x, CURLINFO_TOTAL_TIME_T);
    ret->first_byte_us =
        p->first_byte_us == APIPIE_UNKNOWN ? APIPIE_UNKNOWN : p->first_byte_us - p->started_us;
}

/* libcurl says nothing of a literal address that is not of the only version that may be used. */
static const char *outcome_of_version(const struct pie_curl_exchange *x)
{
    const struct pie_wire_options *o = x->request->options;
    if (x->code != CURLE_COULDNT_CONNECT || x->error[0] != '\0' || o == NULL || o->ip_version == 0)
        return NULL;
    return o->ip_version == 6 ? "it has no IPv6 address, and no other may be used"
                              : "it has no IPv4 address, and no other may be used";
}

static const char *outcome_words(const struct pie_curl_exchange *x, int32_t wire)
{
    const char *words = x->error[0] != '\0' ? x->error : curl_easy_strerror(x->code);
    /* libcurl quotes the whole URL, with the password in it. */
    if (pie_slice_starts_nocase(pie_slice_text(words), "Unsupported proxy"))
        return "its URL is none that can be used";
    if (wire == PIE_WIRE_PROXY_AUTH && x->code == CURLE_OK)
        return "it answered 407";
    if (outcome_of_version(x) != NULL)
        return outcome_of_version(x);
    if (x->code == CURLE_OK)
        return x->headers_whole ? "" : "the reply ends in its headers";
    return words;
}

void pie_curl_fill_outcome(struct pie_curl_exchange *x, int32_t wire, struct pie_outcome *ret)
{
    int32_t passed_on = wire != PIE_WIRE_PROXY_AUTH; /* else the answer was the proxy's */
    long sent = outcome_number(x, CURLINFO_REQUEST_SIZE);
    ret->wire = wire;
    ret->writer_status = x->writer_status;
    ret->status = passed_on ? (int32_t)outcome_number(x, CURLINFO_RESPONSE_CODE) : 0;
    ret->sent = passed_on && ((x->tries > 0 && sent > x->sent_before) || x->resent);
    ret->private_peer = x->private_peer;
    ret->proxied = x->proxied;
    ret->body_bytes = x->progress->down;
    outcome_times(x, ret);
    if (wire == PIE_WIRE_BODY)
        pie_http_request_problem(x->request, &x->read, ret->detail);
    else
        pie_text_display(pie_slice_text(outcome_words(x, wire)), ret->detail, sizeof(ret->detail));
    struct pie_headers empty = ret->headers;
    ret->headers = x->headers;
    x->headers = empty;
}
