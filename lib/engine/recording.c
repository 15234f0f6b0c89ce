/* SPDX-License-Identifier: MIT */
/* Knows that a client's way to the server may lead into a file, or come from one; must not know what is in it. */
#include "engine/engine_priv.h"

static apipie_status recording_curl(struct apipie_client *c, const char *path,
                                    struct pie_transport **ret)
{
    struct pie_transport *curl = NULL;
    apipie_status status = pie_curl_transport_new(&c->mem, &curl);
    if (status != APIPIE_OK)
        return status;
    status = pie_record_transport_new(&c->mem, curl, path, ret);
    if (status != APIPIE_OK)
        curl->type->close(curl);
    return status;
}

apipie_status pie_client_record(struct apipie_client *c, const char *path)
{
    apipie_status status = APIPIE_E_STATE;
    pie_lock_take(c->lock);
    if (c->transport == NULL && !c->closing)
        status = recording_curl(c, path, &c->transport);
    pie_lock_drop(c->lock);
    return status;
}

apipie_status pie_client_replay(struct apipie_client *c, const char *path)
{
    apipie_status status = APIPIE_E_STATE;
    pie_lock_take(c->lock);
    if (c->transport == NULL && !c->closing)
        status = pie_replay_transport_new(&c->mem, path, &c->transport);
    if (status == APIPIE_OK)
        c->replays = 1;
    pie_lock_drop(c->lock);
    return status;
}
