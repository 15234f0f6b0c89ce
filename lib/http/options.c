/* SPDX-License-Identifier: MIT */
/* Knows how the settings of the way to a server are kept, and which of them are secret; must not know what they do. */
#include "http/http.h"

void pie_wire_options_init(struct pie_wire_options *o)
{
    memset(o, 0, sizeof(*o));
}

void pie_wire_options_wipe(const struct pie_mem *mem, char *text)
{
    if (text != NULL)
        pie_mem_wipe(text, strlen(text));
    pie_mem_free(mem, text);
}

void pie_wire_options_free(const struct pie_mem *mem, struct pie_wire_options *o)
{
    pie_wire_options_wipe(mem, o->proxy);
    pie_wire_options_wipe(mem, o->certificate_password);
    pie_mem_free(mem, o->ca_file);
    pie_mem_free(mem, o->ca_pem);
    pie_mem_free(mem, o->certificate);
    pie_mem_free(mem, o->certificate_key);
    pie_mem_free(mem, o->pinned_key);
    pie_mem_free(mem, o->agent);
    pie_mem_free(mem, o->interface_name);
    pie_wire_options_init(o);
}

static void options_copy_text(const struct pie_mem *mem, const char *from, char **ret,
                              apipie_status *status)
{
    if (from == NULL || *status != APIPIE_OK)
        return;
    *ret = pie_mem_text(mem, from, strlen(from));
    if (*ret == NULL)
        *status = APIPIE_E_MEMORY;
}

apipie_status pie_wire_options_copy(const struct pie_mem *mem, const struct pie_wire_options *from,
                                    struct pie_wire_options *ret)
{
    apipie_status status = APIPIE_OK;
    options_copy_text(mem, from->proxy, &ret->proxy, &status);
    options_copy_text(mem, from->ca_file, &ret->ca_file, &status);
    options_copy_text(mem, from->certificate, &ret->certificate, &status);
    options_copy_text(mem, from->certificate_key, &ret->certificate_key, &status);
    options_copy_text(mem, from->certificate_password, &ret->certificate_password, &status);
    options_copy_text(mem, from->pinned_key, &ret->pinned_key, &status);
    options_copy_text(mem, from->agent, &ret->agent, &status);
    options_copy_text(mem, from->interface_name, &ret->interface_name, &status);
    if (status == APIPIE_OK && from->ca_pem != NULL) {
        ret->ca_pem = pie_mem_text(mem, from->ca_pem, from->ca_pem_size);
        ret->ca_pem_size = from->ca_pem_size;
        status = ret->ca_pem != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    }
    ret->ip_version = from->ip_version;
    ret->http2 = from->http2;
    ret->serial = from->serial;
    return status;
}
