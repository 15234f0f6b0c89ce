/* SPDX-License-Identifier: MIT */
/* Knows the doors for the way to the server: headers, proxy, certificates, addresses; must not go it. */
#include "api/api_priv.h"

#define TRANSPORT_AGENT_MAX (APIPIE_LIMIT_TEXT + 64)

/* Swaps a text of the options for a copy of `text`, or for none. What comes out is wiped: it may be a secret. */
static apipie_status transport_set_text(apipie_client *client, char **at, const char *text)
{
    char *fresh = text != NULL ? pie_mem_text(&client->mem, text, strlen(text)) : NULL;
    if (text != NULL && fresh == NULL)
        return APIPIE_E_MEMORY;
    pie_lock_take(client->lock);
    char *old = *at;
    *at = fresh;
    pie_client_changed(client);
    pie_lock_drop(client->lock);
    pie_wire_options_wipe(&client->mem, old);
    return APIPIE_OK;
}

static apipie_status transport_set_number(apipie_client *client, int32_t *at, int32_t value)
{
    pie_lock_take(client->lock);
    *at = value;
    pie_client_changed(client);
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

/* One word of ASCII. */
static int32_t transport_is_word(const char *text)
{
    return pie_api_line_is_good(text) && strpbrk(text, " \t") == NULL;
}

APIPIE_API apipie_status apipie_client_set_header(apipie_client *client, const char *name,
                                                  const char *value)
{
    if (client == NULL || pie_api_header_problem(name, value) != NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    apipie_status status = pie_api_header_set(&client->headers, name, value);
    if (status == APIPIE_OK)
        pie_client_changed(client);
    pie_lock_drop(client->lock);
    return status;
}

APIPIE_API apipie_status apipie_client_set_proxy(apipie_client *client, const char *url)
{
    if (client == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    if (url != NULL && url[0] != '\0') {
        if (!transport_is_word(url))
            return APIPIE_E_ARGUMENT;
        apipie_status status = pie_url_check_proxy(url);
        if (status != APIPIE_OK)
            return status;
        if (pie_slice_starts_nocase(pie_slice_text(url), "https://") &&
            !pie_curl_can(PIE_CURL_HTTPS_PROXY))
            return APIPIE_E_UNSUPPORTED;
    }
    return transport_set_text(client, &client->options.proxy, url);
}

/* ---- who is trusted, and who we are */

APIPIE_API apipie_status apipie_client_set_ca_file(apipie_client *client, const char *path)
{
    if (client == NULL || (path != NULL && !pie_api_path_is_good(path)))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return transport_set_text(client, &client->options.ca_file, path);
}

/* "-----BEGIN CERTIFICATE-----" or one of its relatives, "TRUSTED" or "X509", and an end. */
static int32_t transport_is_pem(struct pie_slice pem)
{
    size_t at = pie_slice_find_nocase(pem, "-----BEGIN ");
    struct pie_slice rest = pie_slice(pem.p + at, pem.n - at);
    size_t word = pie_slice_find_nocase(rest, "CERTIFICATE-----");
    rest = pie_slice(rest.p + word, rest.n - word);
    return pie_slice_find_nocase(rest, "-----END ") < rest.n;
}

APIPIE_API apipie_status apipie_client_set_ca_pem(apipie_client *client, const char *pem,
                                                  size_t size)
{
    size_t n = pem != NULL && size == APIPIE_NTS ? strlen(pem) : size;
    char *fresh = NULL;
    if (client == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    if (pem != NULL) {
        if (n > APIPIE_LIMIT_PEM || !transport_is_pem(pie_slice(pem, n)))
            return APIPIE_E_ARGUMENT;
        if (!pie_curl_can(PIE_CURL_CA_PEM))
            return APIPIE_E_UNSUPPORTED;
        fresh = pie_mem_text(&client->mem, pem, n);
        if (fresh == NULL)
            return APIPIE_E_MEMORY;
    }
    pie_lock_take(client->lock);
    char *old = client->options.ca_pem;
    client->options.ca_pem = fresh;
    client->options.ca_pem_size = fresh != NULL ? n : 0;
    pie_client_changed(client);
    pie_lock_drop(client->lock);
    pie_mem_free(&client->mem, old);
    return APIPIE_OK;
}

static void transport_swap(char **a, char **b)
{
    char *text = *a;
    *a = *b;
    *b = text;
}

/* Its three texts at once: a key never meets another certificate. What comes out is left in `set`. */
static void transport_swap_certificate(apipie_client *client, struct pie_wire_options *set)
{
    struct pie_wire_options *o = &client->options;
    pie_lock_take(client->lock);
    transport_swap(&o->certificate, &set->certificate);
    transport_swap(&o->certificate_key, &set->certificate_key);
    transport_swap(&o->certificate_password, &set->certificate_password);
    pie_client_changed(client);
    pie_lock_drop(client->lock);
}

APIPIE_API apipie_status apipie_client_set_certificate(apipie_client *client,
                                                       const char *certificate, const char *key,
                                                       const char *password)
{
    struct pie_wire_options borrowed, set;
    if (client == NULL || (certificate == NULL && (key != NULL || password != NULL)) ||
        (certificate != NULL && !pie_api_path_is_good(certificate)) ||
        (key != NULL && !pie_api_path_is_good(key)) ||
        (password != NULL && strlen(password) > APIPIE_LIMIT_TEXT))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_wire_options_init(&borrowed);
    pie_wire_options_init(&set);
    /* To be copied, not to be written: the words come from the host. */
    borrowed.certificate = (char *)(uintptr_t)certificate;
    borrowed.certificate_key = (char *)(uintptr_t)key;
    borrowed.certificate_password = (char *)(uintptr_t)password;
    apipie_status status = pie_wire_options_copy(&client->mem, &borrowed, &set);
    if (status == APIPIE_OK)
        transport_swap_certificate(client, &set);
    pie_wire_options_free(&client->mem, &set);
    return status;
}

/* "sha256//" and 32 bytes in base64. libcurl takes anything else for the name of a file. */
static int32_t transport_is_hash(struct pie_slice s)
{
    static const size_t start = sizeof("sha256//") - 1;
    if (s.n != start + 44 || memcmp(s.p, "sha256//", start) != 0 || s.p[s.n - 1] != '=')
        return 0;
    for (size_t i = start; i < s.n - 1; i++) {
        if (!pie_is_alpha(s.p[i]) && !pie_is_digit(s.p[i]) && s.p[i] != '+' && s.p[i] != '/')
            return 0;
    }
    return 1;
}

static int32_t transport_are_hashes(const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, ";");
        if (!transport_is_hash(pie_slice(text, n)))
            return 0;
        if (text[n] == '\0')
            return 1;
        text += n + 1;
    }
    return 0;
}

APIPIE_API apipie_status apipie_client_set_pinned_key(apipie_client *client, const char *hashes)
{
    if (client == NULL ||
        (hashes != NULL && (strlen(hashes) > APIPIE_LIMIT_TEXT || !transport_are_hashes(hashes))))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return transport_set_text(client, &client->options.pinned_key, hashes);
}

/* ---- manners and addresses */

APIPIE_API apipie_status apipie_client_set_http2(apipie_client *client, int32_t on)
{
    if (client == NULL || (on != 0 && on != 1))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    if (on && !pie_curl_can(PIE_CURL_HTTP2))
        return APIPIE_E_UNSUPPORTED;
    return transport_set_number(client, &client->options.http2, on);
}

APIPIE_API apipie_status apipie_client_set_user_agent(apipie_client *client, const char *product)
{
    struct pie_buf agent;
    if (client == NULL || (product != NULL && !pie_api_line_is_good(product)))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    if (product == NULL)
        return transport_set_text(client, &client->options.agent, NULL);
    pie_buf_init(&agent, &client->mem, TRANSPORT_AGENT_MAX);
    pie_buf_add_text(&agent, PIE_HTTP_AGENT " ");
    pie_buf_add_text(&agent, product);
    apipie_status status = agent.failed;
    if (status == APIPIE_OK)
        status = transport_set_text(client, &client->options.agent, agent.p);
    pie_buf_free(&agent);
    return status;
}

/* '!' would begin a language of libcurl's own. */
APIPIE_API apipie_status apipie_client_set_interface(apipie_client *client, const char *name)
{
    if (client == NULL || (name != NULL && (!transport_is_word(name) || strchr(name, '!') != NULL)))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return transport_set_text(client, &client->options.interface_name, name);
}

APIPIE_API apipie_status apipie_client_set_ip_version(apipie_client *client, int32_t version)
{
    if (client == NULL || (version != 0 && version != 4 && version != 6))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return transport_set_number(client, &client->options.ip_version, version);
}
