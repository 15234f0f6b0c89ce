/* SPDX-License-Identifier: MIT */
/* Knows who may call Amazon Bedrock: API keys, and signatures (https://docs.aws.amazon.com/IAM/latest/UserGuide/
 * create-signed-request.html), which it makes again from what came; must not know what is asked, nor how a client signs. */
#include "sandbox/wires_priv.h"

#define CALLER_SERVICE  "bedrock"
#define CALLER_SKEW_MS  ((int64_t)5 * 60 * 1000) /* AWS's, either way */
#define CALLER_TEXT_MAX ((size_t)256 * 1024)

/* The pairs that are known: "ACCESS:SECRET" or "ACCESS:SECRET:TOKEN". */
static const struct caller_key {
    const char *text;
    int32_t expired;
} caller_keys[] = {
    {APIPIE_SANDBOX_AWS_KEY, 0},
    {APIPIE_SANDBOX_AWS_SESSION, 0},
    {APIPIE_SANDBOX_AWS_EXPIRED, 1},
};

struct caller {
    struct pie_slice access, day, region, service, end; /* of Credential */
    struct pie_slice names, signature;
    struct pie_slice secret, token; /* of the key that is known */
    int32_t expired;
    struct pie_slice date;
};

static apipie_status caller_refuse(struct pie_answer *answer, const char *exception,
                                   const char *message)
{
    pie_bedrock_error(answer, strcmp(exception, "IncompleteSignatureException") == 0 ? 400 : 403,
                      exception, message, NULL);
    return APIPIE_E_ARGUMENT;
}

/* Up to `end`, or all; *s goes behind it. */
static struct pie_slice caller_cut(struct pie_slice *s, char end)
{
    size_t n = 0;
    struct pie_slice part;

    while (n < s->n && s->p[n] != end)
        n++;
    part = pie_slice(s->p, n);
    n += n < s->n ? 1 : 0;
    *s = pie_slice(s->p + n, s->n - n);
    return part;
}

/* ---- what the header says */

/* "NAME=value", blanks around it */
static void caller_part(struct pie_slice part, const char *name, struct pie_slice *ret)
{
    size_t n = strlen(name);

    part = pie_slice_trim(part);
    if (part.n > n && memcmp(part.p, name, n) == 0)
        *ret = pie_slice(part.p + n, part.n - n);
}

static apipie_status caller_parse(struct pie_slice header, struct pie_answer *answer,
                                  struct caller *c)
{
    struct pie_slice credential = {NULL, 0};

    (void)caller_cut(&header, ' '); /* the algorithm */
    while (header.n != 0) {
        struct pie_slice part = caller_cut(&header, ',');

        caller_part(part, "Credential=", &credential);
        caller_part(part, "SignedHeaders=", &c->names);
        caller_part(part, "Signature=", &c->signature);
    }
    c->access = caller_cut(&credential, '/');
    c->day = caller_cut(&credential, '/');
    c->region = caller_cut(&credential, '/');
    c->service = caller_cut(&credential, '/');
    c->end = credential;
    if (c->access.n != 0 && c->names.n != 0 && c->signature.n != 0 && c->date.n != 0)
        return APIPIE_OK;
    return caller_refuse(answer, "IncompleteSignatureException",
                         "Authorization header requires 'Credential', 'SignedHeaders' and "
                         "'Signature' parameters, and either 'X-Amz-Date' or a 'Date' header.");
}

static apipie_status caller_find(const struct pie_call *call, struct pie_answer *answer,
                                 struct caller *c)
{
    struct pie_slice token = pie_call_header(call, "X-Amz-Security-Token");

    for (size_t i = 0; i < PIE_COUNT(caller_keys); i++) {
        struct pie_slice text = pie_slice_text(caller_keys[i].text);

        if (!pie_call_same(caller_cut(&text, ':'), c->access))
            continue;
        c->secret = caller_cut(&text, ':');
        c->token = text;
        c->expired = caller_keys[i].expired;
    }
    if (c->secret.n == 0 || !pie_call_same(c->token, token))
        return caller_refuse(answer, "UnrecognizedClientException",
                             "The security token included in the request is invalid.");
    if (c->expired)
        return caller_refuse(answer, "ExpiredTokenException",
                             "The security token included in the request is expired");
    return APIPIE_OK;
}

/* "20240102T030405Z" */
static int32_t caller_time(struct pie_slice date, int64_t *ret)
{
    static const char form[] = "00000000T000000Z";
    struct pie_buf iso;
    apipie_status status;

    if (date.n != sizeof(form) - 1)
        return 0;
    for (size_t i = 0; i < date.n; i++)
        if (form[i] == '0' ? !pie_is_digit(date.p[i]) : date.p[i] != form[i])
            return 0;
    pie_buf_init(&iso, &pie_mem_libc, 64);
    for (size_t i = 0; i < date.n; i++) {
        if (i == 4 || i == 6)
            pie_buf_add_char(&iso, '-');
        if (i == 11 || i == 13)
            pie_buf_add_char(&iso, ':');
        pie_buf_add_char(&iso, date.p[i]);
    }
    status = pie_number_iso_date(pie_buf_slice(&iso), ret);
    pie_buf_free(&iso);
    return status == APIPIE_OK;
}

static apipie_status caller_scope(struct pie_answer *answer, const struct caller *c)
{
    int64_t at = 0, now = pie_clock_wall_ms();
    const char *wrong = NULL;

    if (!caller_time(c->date, &at))
        return caller_refuse(answer, "IncompleteSignatureException",
                             "Date must be in ISO-8601 'basic format'.");
    if (at < now - CALLER_SKEW_MS)
        wrong = "Signature expired: it is earlier than five minutes ago.";
    else if (at > now + CALLER_SKEW_MS)
        wrong = "Signature not yet current: it is later than in five minutes.";
    else if (c->day.n != 8 || memcmp(c->day.p, c->date.p, 8) != 0)
        wrong = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                "from HTTP.";
    else if (!pie_slice_equal(c->region, APIPIE_SANDBOX_AWS_REGION))
        wrong = "Credential should be scoped to a valid region.";
    else if (!pie_slice_equal(c->service, CALLER_SERVICE))
        wrong = "Credential should be scoped to correct service: '" CALLER_SERVICE "'.";
    else if (!pie_slice_equal(c->end, "aws4_request"))
        wrong = "Credential should be scoped with a valid terminator: 'aws4_request'.";
    return wrong == NULL ? APIPIE_OK : caller_refuse(answer, "InvalidSignatureException", wrong);
}

/* ---- what should have been signed */

/* The path as it was sent, encoded once more. */
static void caller_path(struct pie_slice target, struct pie_buf *out)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < target.n && target.p[i] != '?'; i++) {
        unsigned char b = (unsigned char)target.p[i];

        if (pie_is_alpha(b) || pie_is_digit(b) || strchr("-._~/", b) != NULL) {
            pie_buf_add_char(out, (char)b);
            continue;
        }
        pie_buf_add_char(out, '%');
        pie_buf_add_char(out, hex[b >> 4]);
        pie_buf_add_char(out, hex[b & 15]);
    }
}

/* Runs of blanks count as one. */
static void caller_value(struct pie_slice value, struct pie_buf *out)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] != ' ' || value.p[i - 1] != ' ')
            pie_buf_add_char(out, value.p[i]);
}

/* The headers that are named; 0 when one that must be signed is not, or the names are not in their order. */
static int32_t caller_headers(const struct pie_call *call, const struct caller *c,
                              struct pie_buf *out)
{
    struct pie_slice names = c->names;
    char name[64], before[64] = "";
    int32_t host = 0, date = 0, token = c->token.n == 0;

    while (names.n != 0) {
        pie_text_copy(caller_cut(&names, ';'), name, sizeof(name));
        if (strcmp(before, name) >= 0)
            return 0;
        host |= strcmp(name, "host") == 0;
        date |= strcmp(name, "x-amz-date") == 0;
        token |= strcmp(name, "x-amz-security-token") == 0;
        pie_buf_add_text(out, name);
        pie_buf_add_char(out, ':');
        caller_value(pie_call_header(call, name), out);
        pie_buf_add_char(out, '\n');
        memcpy(before, name, sizeof(before));
    }
    return host && date && token;
}

static apipie_status caller_add_hash(struct pie_slice s, struct pie_buf *out)
{
    uint8_t hash[PIE_SANDBOX_SHA256];
    char hex[2 * PIE_SANDBOX_SHA256 + 1];
    apipie_status status = pie_sandbox_sha256(s, hash);

    pie_answer_hex(hash, sizeof(hash), hex);
    pie_buf_add_text(out, hex);
    return status;
}

/* APIPIE_E_ARGUMENT when it can only be wrong. */
static apipie_status caller_canonical(const struct pie_call *call, const struct caller *c,
                                      struct pie_buf *out)
{
    struct pie_slice query = call->target;

    pie_buf_add_text(out, call->method);
    pie_buf_add_char(out, '\n');
    caller_path(call->target, out);
    pie_buf_add_char(out, '\n');
    (void)caller_cut(&query, '?');
    pie_buf_add_slice(out, query);
    pie_buf_add_char(out, '\n');
    if (!caller_headers(call, c, out))
        return APIPIE_E_ARGUMENT;
    pie_buf_add_char(out, '\n');
    pie_buf_add_slice(out, c->names);
    pie_buf_add_char(out, '\n');
    return caller_add_hash(call->body, out);
}

static apipie_status caller_to_sign(const struct pie_call *call, const struct caller *c,
                                    struct pie_buf *out)
{
    struct pie_buf canonical;
    apipie_status status;

    pie_buf_init(&canonical, &pie_mem_libc, CALLER_TEXT_MAX);
    status = caller_canonical(call, c, &canonical);
    pie_buf_add_text(out, "AWS4-HMAC-SHA256\n");
    pie_buf_add_slice(out, c->date);
    pie_buf_add_char(out, '\n');
    pie_buf_add_slice(out, c->day);
    pie_buf_add_text(out, "/" APIPIE_SANDBOX_AWS_REGION "/" CALLER_SERVICE "/aws4_request\n");
    if (status == APIPIE_OK)
        status = caller_add_hash(pie_buf_slice(&canonical), out);
    if (status == APIPIE_OK)
        status = canonical.failed;
    pie_buf_free(&canonical);
    return status == APIPIE_OK ? out->failed : status;
}

/* From the secret by day, region, service and end to the signature. */
static apipie_status caller_sign(const struct caller *c, struct pie_slice text,
                                 char out[2 * PIE_SANDBOX_SHA256 + 1])
{
    const struct pie_slice steps[] = {c->day, pie_slice_text(APIPIE_SANDBOX_AWS_REGION),
                                      pie_slice_text(CALLER_SERVICE),
                                      pie_slice_text("aws4_request"), text};
    uint8_t key[PIE_SANDBOX_SHA256], made[PIE_SANDBOX_SHA256];
    char first[128] = "AWS4";
    apipie_status status = APIPIE_OK;

    pie_text_copy(c->secret, first + 4, sizeof(first) - 4);
    for (size_t i = 0; i < PIE_COUNT(steps) && status == APIPIE_OK; i++) {
        status = pie_sandbox_hmac(i == 0 ? pie_slice_text(first)
                                         : pie_slice((const char *)key, sizeof(key)),
                                  steps[i], made);
        memcpy(key, made, sizeof(key));
    }
    pie_answer_hex(key, sizeof(key), out);
    return status;
}

static apipie_status caller_signature(const struct pie_call *call, struct pie_answer *answer,
                                      const struct caller *c)
{
    char made[2 * PIE_SANDBOX_SHA256 + 1] = "";
    struct pie_buf text;
    apipie_status status;

    pie_buf_init(&text, &pie_mem_libc, CALLER_TEXT_MAX);
    status = caller_to_sign(call, c, &text);
    if (status == APIPIE_OK)
        status = caller_sign(c, pie_buf_slice(&text), made);
    pie_buf_free(&text);
    if (status == APIPIE_OK && pie_slice_equal(c->signature, made))
        return APIPIE_OK;
    return caller_refuse(answer, "InvalidSignatureException",
                         "The request signature we calculated does not match the signature you "
                         "provided. Check your AWS Secret Access Key and signing method. Consult "
                         "the service documentation for details.");
}

/* ---- the door */

static apipie_status caller_check_signed(const struct pie_call *call, struct pie_answer *answer)
{
    struct caller c;

    memset(&c, 0, sizeof(c));
    c.date = pie_call_header(call, "X-Amz-Date");
    if (!pie_sandbox_can_hash())
        return caller_refuse(answer, "AccessDeniedException",
                             "This sandbox was built without libcrypto (-Dsigv4) and cannot check "
                             "signatures: call it with an API key.");
    if (caller_parse(call->authorization, answer, &c) != APIPIE_OK ||
        caller_find(call, answer, &c) != APIPIE_OK || caller_scope(answer, &c) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    return caller_signature(call, answer, &c);
}

apipie_status pie_bedrock_check_caller(struct apipie_sandbox *box, const struct pie_call *call,
                                       struct pie_answer *answer)
{
    if (pie_slice_starts_nocase(call->authorization, "AWS4-HMAC-SHA256 "))
        return caller_check_signed(call, answer);
    if (pie_sandbox_takes_key(box, pie_call_bearer(call)))
        return APIPIE_OK;
    if (call->authorization.n == 0)
        return caller_refuse(answer, "MissingAuthenticationTokenException",
                             "Missing Authentication Token");
    return caller_refuse(answer, "AccessDeniedException",
                         "Authentication failed: Please make sure your API Key is valid.");
}
