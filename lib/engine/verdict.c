/* SPDX-License-Identifier: MIT */
/* Knows what a broken exchange means for the money; must not decide what happens next. Pure. */
#include "engine/engine_priv.h"

int32_t pie_verdict_outcome(const struct pie_outcome *o, const struct apipie_error *err)
{
    int32_t status = o->status;
    /* A body that is shorter than its length was said to be is none that anybody draws from. */
    if (!o->sent || o->wire == PIE_WIRE_BODY)
        return APIPIE_OUTCOME_NOT_SENT;
    if (status >= 300 && status < 400) /* 303 sends us to the result of work that was done */
        return status == 303 ? APIPIE_OUTCOME_UNKNOWN : APIPIE_OUTCOME_REJECTED;
    if (status >= 400 && status < 500)
        return status == 408 || status == 409 || status == 424 || status == 499
                   ? APIPIE_OUTCOME_UNKNOWN
                   : APIPIE_OUTCOME_REJECTED;
    if (status == 503 && err->refused)
        return APIPIE_OUTCOME_REJECTED;
    return APIPIE_OUTCOME_UNKNOWN;
}

static const struct {
    int32_t wire;
    apipie_status code;
    const char *message, *hint;
    int32_t retryable;
} verdict_wires[] = {
    {PIE_WIRE_LOOKUP, APIPIE_E_CONNECT,
     "the server's name is not known: ", "check the base URL and the network", 1},
    {PIE_WIRE_CONNECT, APIPIE_E_CONNECT,
     "nothing answers there: ", "check the base URL, the port, and whether the server runs", 1},
    {PIE_WIRE_CONNECT_TIMEOUT, APIPIE_E_TIMEOUT, "no connection within the time limit: ",
     "check the network, or raise the connect time limit", 1},
    {PIE_WIRE_TLS, APIPIE_E_TLS, "no secure connection: ",
     "the server must speak TLS 1.2 or newer; is this really an https port?", 1},
    {PIE_WIRE_CERTIFICATE, APIPIE_E_TLS, "the server's certificate is not trusted: ",
     "check the clock and the certificates to trust: the system's, or apipie_client_set_ca_file(); "
     "it is never ignored",
     0},
    {PIE_WIRE_PINNED, APIPIE_E_TLS, "the server has another key than the pinned one: ",
     "if it is a new key that you trust, give its hash to apipie_client_set_pinned_key()", 0},
    {PIE_WIRE_CA, APIPIE_E_TLS, "the certificates to trust cannot be read: ",
     "give a PEM file that can be read to apipie_client_set_ca_file(); without one, install the "
     "system's (ca-certificates)",
     0},
    {PIE_WIRE_OWN_CERTIFICATE, APIPIE_E_TLS, "the client's certificate cannot be used: ",
     "check the files and the password given to apipie_client_set_certificate()", 0},
    {PIE_WIRE_PROXY, APIPIE_E_CONNECT, "no way through the proxy: ",
     "check the proxy: apipie_client_set_proxy(), or http_proxy, https_proxy and all_proxy in the "
     "environment",
     1},
    {PIE_WIRE_PROXY_AUTH, APIPIE_E_CONNECT, "the proxy wants another user or password: ",
     "put user:password@ before its host: apipie_client_set_proxy(), or http_proxy, https_proxy "
     "and all_proxy in the environment",
     0},
    {PIE_WIRE_INTERFACE, APIPIE_E_CONNECT, "connections cannot go out from there: ",
     "give an interface or address of this machine to apipie_client_set_interface()", 0},
    {PIE_WIRE_REFUSED, APIPIE_E_NETWORK,
     "the address is private, refused: ", "a public server must not send us to this network", 0},
    {PIE_WIRE_CUT, APIPIE_E_NETWORK,
     "the connection broke: ", "the server or something on the way closed it", 1},
    {PIE_WIRE_RESENT, APIPIE_E_NETWORK, "a kept connection broke after the request was sent",
     "it was not sent a second time, because the first may have been drawn", 1},
    {PIE_WIRE_WRITER, APIPIE_E_MEMORY, "out of memory while the reply was read", "free some memory",
     0},
    {PIE_WIRE_BODY, APIPIE_E_FILE, "a picture that goes with the request cannot be sent: ",
     "leave the file as it is until the request has ended; of the request nothing whole was sent",
     0},
    {PIE_WIRE_MEMORY, APIPIE_E_MEMORY, "out of memory", "free some memory, then try again", 0},
    {PIE_WIRE_UNRECORDED, APIPIE_E_CONNECT, "the recording holds ",
     "record it anew, or ask the same again, in the same order", 0},
    {PIE_WIRE_OTHER, APIPIE_E_NETWORK, "the exchange failed: ", "see the message", 0},
};

void pie_verdict_wire(const struct pie_outcome *o, int32_t paid, struct apipie_error *err)
{
    size_t i = 0;
    while (i + 1 < PIE_COUNT(verdict_wires) && verdict_wires[i].wire != o->wire)
        i++;
    apipie_status code = verdict_wires[i].code;
    const char *hint = verdict_wires[i].hint;
    if (o->wire == PIE_WIRE_WRITER)
        code = o->writer_status;
    if (paid && o->sent && (o->wire == PIE_WIRE_CUT || o->wire == PIE_WIRE_OTHER))
        hint = PIE_HINT_SENT;
    int32_t ours = code == APIPIE_E_MEMORY ||
                   o->wire == PIE_WIRE_RESENT; /* libcurl's words would only confuse */
    pie_error_set(err, code, hint, verdict_wires[i].message, ours ? NULL : o->detail, NULL);
    err->http_status = o->status;
    err->retryable = verdict_wires[i].retryable;
    pie_explain_request_id(&o->headers, err->request_id);
}

void pie_verdict_file(const char *problem, struct apipie_error *err)
{
    size_t i = 0;
    while (verdict_wires[i].wire != PIE_WIRE_BODY)
        i++;
    pie_error_set(err, verdict_wires[i].code, verdict_wires[i].hint, verdict_wires[i].message,
                  problem, NULL);
}

int32_t pie_verdict_route(const struct apipie_error *err)
{
    switch (err->code) {
    case APIPIE_E_CONNECT:
    case APIPIE_E_TLS:
    case APIPIE_E_TIMEOUT:
    case APIPIE_E_NETWORK:
    case APIPIE_E_SERVER:
    case APIPIE_E_MALFORMED:
    case APIPIE_E_NO_IMAGE:
        return 0;
    case APIPIE_E_AUTH:
    case APIPIE_E_PARAMETER:
    case APIPIE_E_CONTENT_POLICY:
    case APIPIE_E_NOT_FOUND:
    case APIPIE_E_QUOTA:
    case APIPIE_E_TOO_LARGE:
        return 1;
    default: /* ours, the host's, or a matter of pace */
        return -1;
    }
}

/* ---- keys out of texts */

/* A shorter one is no secret, but a part of ordinary words. */
#define VERDICT_KEY_LEAST 8

static int32_t verdict_key_character(char c)
{
    return pie_is_alpha(c) || pie_is_digit(c) || c == '-' || c == '_' || c == '*' || c == '.';
}

/* Stars over every place of `key`, and over the rest of every word that begins with "sk-". */
static void verdict_mask_bytes(char *text, size_t n, struct pie_slice key)
{
    size_t length = key.n >= VERDICT_KEY_LEAST ? key.n : 0;
    for (size_t i = 0; i < n; i++) {
        if (length != 0 && length <= n - i && memcmp(text + i, key.p, length) == 0) {
            memset(text + i, '*', length);
            i += length - 1;
        } else if (n - i > 3 && memcmp(text + i, "sk-", 3) == 0 &&
                   (i == 0 || !verdict_key_character(text[i - 1]))) {
            for (i += 3; i < n && verdict_key_character(text[i]); i++)
                text[i] = '*';
        }
    }
}

/* A message that was cut may end with a piece of the key. */
static void verdict_mask_end(char *text, struct pie_slice key)
{
    size_t n = strlen(text);
    if (key.n < VERDICT_KEY_LEAST || n < 8 || strcmp(text + n - 3, "...") != 0)
        return;
    n -= 3;
    for (size_t piece = key.n < n ? key.n : n; piece >= 4; piece--) {
        if (memcmp(text + n - piece, key.p, piece) == 0) {
            memset(text + n - piece, '*', piece);
            return;
        }
    }
}

/* The next secret in a key: first all of it, then what stands between its colons, as in "ACCESS:SECRET:TOKEN". 0: no more. */
static int32_t verdict_next_secret(const char *key, const char **at, struct pie_slice *ret)
{
    if (*at == NULL) {
        *at = key != NULL && strchr(key, ':') != NULL ? key : "";
        *ret = pie_slice_text(key);
        return 1;
    }
    if (**at == '\0')
        return 0;
    *ret = pie_slice(*at, strcspn(*at, ":"));
    *at += ret->n;
    *at += **at == ':';
    return 1;
}

/* cut: the text may end with a piece of the key. */
static void verdict_mask_secret(char *text, size_t n, struct pie_slice secret, int32_t cut)
{
    verdict_mask_bytes(text, n, secret);
    if (cut)
        verdict_mask_end(text, secret);
}

/* "user:password" goes out in base64: a server may repeat that. */
static void verdict_mask_basic(char *text, size_t n, const char *key, int32_t cut)
{
    char basic[(APIPIE_LIMIT_TEXT + 2) / 3 * 4 + 1];
    if (key == NULL || strchr(key, ':') == NULL || strlen(key) > APIPIE_LIMIT_TEXT)
        return;
    size_t length = pie_base64_encode((const uint8_t *)key, strlen(key), basic);
    verdict_mask_secret(text, n, pie_slice(basic, length), cut);
    pie_mem_wipe(basic, sizeof(basic));
}

static void verdict_mask_all(char *text, size_t n, const char *key, int32_t cut)
{
    struct pie_slice secret;
    for (const char *at = NULL; verdict_next_secret(key, &at, &secret);)
        verdict_mask_secret(text, n, secret, cut);
    verdict_mask_basic(text, n, key, cut);
}

void pie_verdict_mask_value(char *text, const char *value)
{
    verdict_mask_secret(text, strlen(text), pie_slice_text(value), 1);
}

void pie_verdict_mask_text(char *text, const char *key)
{
    verdict_mask_all(text, strlen(text), key, 1);
}

void pie_verdict_mask(struct apipie_error *err, const char *key)
{
    char *const texts[] = {err->message, err->hint, err->provider_code, err->provider_param,
                           err->request_id};
    for (size_t i = 0; i < PIE_COUNT(texts); i++)
        pie_verdict_mask_text(texts[i], key);
    if (err->body.p != NULL)
        verdict_mask_all(err->body.p, err->body.n, key, 0);
}
