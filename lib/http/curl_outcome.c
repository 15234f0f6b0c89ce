/* SPDX-License-Identifier: MIT */
/* Knows how to read from libcurl what came of an exchange; must not know who asks, nor what it cost. */
#include "http/curl_priv.h"

int32_t pie_curl_verdict(const struct pie_curl_exchange *x)
{
    if (x->resent)
        return PIE_WIRE_RESENT;
    if (x->writer_status != APIPIE_OK)
        return PIE_WIRE_WRITER;
    if (x->refused)
        return PIE_WIRE_REFUSED;
    switch (x->code) {
    case CURLE_OK: /* libcurl is content with headers that break off */
        return x->headers_whole ? PIE_WIRE_OK : PIE_WIRE_CUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
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
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return PIE_WIRE_CERTIFICATE;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return PIE_WIRE_CUT;
    case CURLE_OUT_OF_MEMORY:
        return PIE_WIRE_MEMORY;
    default:
        return PIE_WIRE_OTHER;
    }
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

void pie_curl_fill_outcome(struct pie_curl_exchange *x, int32_t wire, struct pie_outcome *ret)
{
    long status = 0;
    long sent = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);
    ret->wire = wire;
    ret->writer_status = x->writer_status;
    ret->status = (int32_t)status;
    ret->sent = (x->tries > 0 && sent > x->sent_before) || x->resent;
    ret->private_peer = x->private_peer;
    ret->body_bytes = x->progress->down;
    outcome_times(x, ret);
    const char *words = x->error[0] != '\0' ? x->error : curl_easy_strerror(x->code);
    if (x->code == CURLE_OK)
        words = x->headers_whole ? "" : "the reply ends in its headers";
    pie_text_display(pie_slice_text(words), ret->detail, sizeof(ret->detail));
    struct pie_headers empty = ret->headers;
    ret->headers = x->headers;
    x->headers = empty;
}
