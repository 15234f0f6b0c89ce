/* SPDX-License-Identifier: MIT */
/* Knows the two kinds of key that Amazon Bedrock takes, and where a region is named; must not know what is asked. */
#include "dialect/bedrock_priv.h"
#include "dialect/sigv4_priv.h"

/* The API keys of Bedrock have no colon; a pair of the account's has one. */
int32_t pie_bedrock_signs(const struct pie_call *c)
{
    return c->key != NULL && strchr(c->key, ':') != NULL;
}

/* The label of the host behind "bedrock-runtime", or "bedrock-runtime-fips": empty without one. */
static struct pie_slice bedrock_region(const char *url)
{
    const char *at = strstr(url, "://");
    at = at != NULL ? at + 3 : url;
    for (;;) {
        size_t n = strcspn(at, "./:?#");
        struct pie_slice label = pie_slice(at, n);
        if (at[n] != '.')
            return pie_slice("", 0);
        at += n + 1;
        if (pie_slice_equal_nocase(label, "bedrock-runtime") ||
            pie_slice_equal_nocase(label, "bedrock-runtime-fips"))
            return pie_slice(at, strcspn(at, "./:?#"));
    }
}

static apipie_status bedrock_refuse_key(struct apipie_error *err, apipie_status code,
                                        const char *hint, const char *what)
{
    pie_error_set(err, code, hint, what, NULL, NULL);
    return err->code;
}

static apipie_status bedrock_signer(const struct pie_call *c, struct pie_sigv4 *ret,
                                    struct apipie_error *err)
{
    memset(ret, 0, sizeof(*ret));
    if (!pie_sha256_can())
        return bedrock_refuse_key(err, APIPIE_E_UNSUPPORTED,
                                  "give it an API key of Bedrock, or build the library with "
                                  "-Dsigv4=enabled (it needs libcrypto of OpenSSL)",
                                  "the backend's key is to sign with, and this library was built "
                                  "without SigV4");
    if (!pie_sigv4_read_key(c->key, ret))
        return bedrock_refuse_key(err, APIPIE_E_CONFIG,
                                  "ACCESS:SECRET, or ACCESS:SECRET:SESSIONTOKEN, or an API key of "
                                  "Bedrock, which has no colon",
                                  "the backend's key is none that Bedrock takes");
    ret->region = bedrock_region(c->base_url);
    ret->service = pie_slice_text("bedrock");
    ret->wall_ms = c->wall_ms;
    if (ret->region.n == 0)
        return bedrock_refuse_key(err, APIPIE_E_CONFIG,
                                  "like https://bedrock-runtime.us-east-1.amazonaws.com, without a "
                                  "path",
                                  "the backend's base URL names no region to sign for");
    return APIPIE_OK;
}

apipie_status pie_bedrock_check_key(const struct pie_call *c, struct apipie_error *err)
{
    struct pie_sigv4 signer;
    if (!pie_bedrock_signs(c) || c->base_url == NULL)
        return APIPIE_OK;
    return bedrock_signer(c, &signer, err);
}

apipie_status pie_bedrock_sign(const struct pie_call *c, struct pie_leg *leg,
                               struct apipie_error *err)
{
    char problem[PIE_HTTP_PROBLEM] = "";
    struct pie_sigv4 signer;
    if (!pie_bedrock_signs(c))
        return APIPIE_OK;
    apipie_status status = bedrock_signer(c, &signer, err);
    if (status == APIPIE_OK)
        status = pie_sigv4_sign(&signer, &leg->request, problem);
    if (status == APIPIE_E_FILE)
        pie_error_set(err, status, "leave the file as it is until the request has ended",
                      "a picture that goes with the request cannot be signed: ", problem, NULL);
    if (status == APIPIE_E_INTERNAL)
        pie_error_set(err, status, "is OpenSSL's SHA-256 switched off on this machine?",
                      "the request could not be signed", NULL, NULL);
    return status;
}
