/* SPDX-License-Identifier: MIT */
/* Knows libmicrohttpd (alone), the routes and the key; must not know what an order or a picture is. */
#include "sandbox/wires_priv.h"

#include <netinet/in.h>

#include <microhttpd.h>

/* Room for the headers of one connection, and the piece in which a large body is read. */
#define SERVER_BUFFER ((size_t)128 * 1024)

struct pie_server {
    struct MHD_Daemon *daemon;
};

/* One request, from its headers to its answer. */
struct server_call {
    struct apipie_sandbox *box;
    struct pie_intake in;
    struct pie_buf body; /* of multipart/form-data instead, and for a wire that wants the bytes */
    char *target;        /* as it was sent */
    const struct pie_wire *wire;
    int32_t begun, is_form;
    struct pie_answer answer;
    int32_t detailed; /* of the list of models */
};

struct server_route {
    const char *path, *method;
    void (*answer)(struct apipie_sandbox *box, struct MHD_Connection *connection,
                   struct server_call *call);
};

static struct pie_slice server_header(struct MHD_Connection *connection, const char *name)
{
    return pie_slice_trim(
        pie_slice_text(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name)));
}

/* The gateway takes it in three forms: with a scheme, without, and in a header of its own. */
static struct pie_slice server_key(struct MHD_Connection *connection)
{
    struct pie_slice key = server_header(connection, "Authorization");

    if (key.n == 0)
        return server_header(connection, "x-api-key");
    if (pie_slice_starts_nocase(key, "Bearer "))
        return pie_slice_trim(pie_slice(key.p + 7, key.n - 7));
    return key;
}

static void server_refuse_key(struct pie_slice key, struct pie_answer *answer)
{
    pie_answer_error(
        answer, 401, "invalid_api_key",
        key.n == 0 ? "No API key: send it as 'Authorization: Bearer KEY'."
                   : "The API key was refused: this sandbox has another one (" APIPIE_SANDBOX_KEY
                     " unless it was told otherwise).",
        NULL);
}

static void server_generate(struct apipie_sandbox *box, struct MHD_Connection *connection,
                            struct server_call *call)
{
    struct pie_slice key = server_key(connection);
    int32_t known = pie_sandbox_takes_key(box, key);
    apipie_status rate = APIPIE_OK;

    pie_lock_take(box->lock);
    box->requests++;
    if (known)
        rate = pie_throttle_take(&box->throttle, pie_clock_ms(), &call->answer);
    pie_lock_drop(box->lock);
    if (!known)
        server_refuse_key(key, &call->answer);
    else if (rate == APIPIE_OK)
        pie_generate(box, &call->in, server_header(connection, "X-Sandbox-Fault"), &call->answer);
}

static int32_t server_asks(struct MHD_Connection *connection, const char *key, const char **ret)
{
    return MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, key, strlen(key), ret,
                                         NULL) == MHD_YES;
}

/* NULL without one. */
static const char *server_value(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Without a key too, as the gateway does; but not with a wrong one. */
static void server_models(struct apipie_sandbox *box, struct MHD_Connection *connection,
                          struct server_call *call)
{
    struct pie_slice key = server_key(connection);
    struct pie_slice words = server_header(connection, "X-Sandbox-Fault");
    struct pie_models_filter filter;
    struct pie_fault fault;
    const char *ignored;

    if (key.n != 0 && !pie_sandbox_takes_key(box, key)) {
        server_refuse_key(key, &call->answer);
        return;
    }
    if (pie_spoil_words(words, &call->answer, &fault) != APIPIE_OK)
        return;
    memset(&filter, 0, sizeof(filter));
    server_asks(connection, "type", &filter.type);
    server_asks(connection, "provider", &filter.provider);
    server_asks(connection, "model", &filter.model);
    filter.detailed = call->detailed;
    if (!filter.detailed) {
        server_asks(connection, "subtype", &filter.subtype);
        server_asks(connection, "enabled", &filter.enabled);
        filter.voices = server_asks(connection, "voices", &ignored);
        filter.restrictions = server_asks(connection, "restrictions", &ignored);
    }
    filter.none_match = server_value(connection, "If-None-Match");
    filter.modified_since = server_value(connection, "If-Modified-Since");
    if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, &call->answer, pie_answer_error);
    else
        pie_models_answer(&filter, &call->answer);
    pie_spoil_answer(box, &fault, &call->answer);
}

static void server_models_detailed(struct apipie_sandbox *box, struct MHD_Connection *connection,
                                   struct server_call *call)
{
    call->detailed = 1;
    server_models(box, connection, call);
}

/* A number of the query from least to most; `value` is what holds without one. */
static apipie_status server_number(struct MHD_Connection *connection, const char *name,
                                   uint64_t least, uint64_t most, struct pie_answer *answer,
                                   uint64_t *value)
{
    const char *text = NULL;

    if (!server_asks(connection, name, &text) ||
        (pie_number_uint(pie_slice_text(text), value) == APIPIE_OK && *value >= least &&
         *value <= most))
        return APIPIE_OK;
    pie_answer_error(answer, 400, "invalid_parameter",
                     "'limit' must be 1 to 100, 'offset' 0 to 2147483647.", name);
    return APIPIE_E_ARGUMENT;
}

static void server_queries(struct apipie_sandbox *box, struct MHD_Connection *connection,
                           struct server_call *call)
{
    struct pie_slice key = server_key(connection);
    struct pie_answer *answer = &call->answer;
    uint64_t limit = 50, offset = 0;

    if (!pie_sandbox_takes_key(box, key)) {
        server_refuse_key(key, answer);
        return;
    }
    if (server_number(connection, "limit", 1, 100, answer, &limit) != APIPIE_OK ||
        server_number(connection, "offset", 0, INT32_MAX, answer, &offset) != APIPIE_OK)
        return;
    pie_lock_take(box->lock);
    pie_till_write(&box->till, pie_clock_ms(), (int64_t)limit, (int64_t)offset, &answer->body);
    pie_lock_drop(box->lock);
}

/* A storage host: it knows no keys, and refuses a request that brings one. */
static void server_picture(struct apipie_sandbox *box, struct MHD_Connection *connection,
                           const char *name, struct pie_answer *answer)
{
    if (server_key(connection).n != 0) {
        answer->status = 400;
        answer->mime = "application/xml";
        pie_buf_add_text(
            &answer->body,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>InvalidAuthentication"
            "</Code><Message>A link needs no key: send none.</Message></Error>");
        return;
    }
    pie_lock_take(box->lock);
    answer->picture = pie_store_get(&box->store, name);
    pie_lock_drop(box->lock);
    if (answer->picture == NULL)
        pie_answer_status(answer, 404);
    else
        answer->mime = answer->picture->wrong_mime ? "image/jpeg" : answer->picture->mime;
}

static void server_urlshare(struct apipie_sandbox *box, struct MHD_Connection *connection,
                            struct server_call *call)
{
    struct pie_slice key = server_key(connection);

    if (!pie_sandbox_takes_key(box, key))
        server_refuse_key(key, &call->answer);
    else if (call->body.failed != APIPIE_OK)
        pie_answer_status(&call->answer, 413);
    else
        pie_urlshare(box, server_header(connection, "Content-Type"), pie_buf_slice(&call->body),
                     server_header(connection, "X-Sandbox-Fault"), &call->answer);
}

static const struct server_route server_routes[] = {
    {"/v1/images/generations", "POST", server_generate},
    {"/v1/models", "GET", server_models},
    {"/v1/models/detailed", "GET", server_models_detailed},
    {"/v1/queries", "GET", server_queries},
    {"/v1/queries/", "GET", server_queries},
    {"/urlshare", "POST", server_urlshare},
};

/* What is behind the base; NULL: another one's path. */
static const char *server_below(const char *path, const char *base)
{
    size_t n = strlen(base);

    return strncmp(path, base, n) == 0 && (path[n] == '/' || path[n] == '\0') ? path + n : NULL;
}

static const struct pie_wire *server_wire_of(const char *path)
{
    for (size_t i = 0; i < pie_wire_count; i++)
        if (server_below(path, pie_wires[i].base) != NULL)
            return &pie_wires[i];
    return NULL;
}

struct pie_slice pie_call_header(const struct pie_call *call, const char *name)
{
    return server_header(call->connection, name);
}

struct pie_slice pie_call_query(const struct pie_call *call, const char *name)
{
    const char *value = NULL;

    server_asks(call->connection, name, &value);
    return pie_slice_text(value);
}

static void server_wire(struct apipie_sandbox *box, struct MHD_Connection *connection,
                        const char *path, const char *method, struct server_call *call)
{
    struct pie_call c;

    memset(&c, 0, sizeof(c));
    c.connection = connection;
    c.path = server_below(path, call->wire->base);
    c.method = method;
    c.target = pie_slice_text(call->target);
    c.media = server_header(connection, "Content-Type");
    c.authorization = server_header(connection, "Authorization");
    c.fault = server_header(connection, "X-Sandbox-Fault");
    c.is_form = call->is_form;
    c.in = &call->in;
    c.body = pie_buf_slice(&call->body);
    c.at_ms = pie_clock_ms();
    if (call->body.failed != APIPIE_OK) {
        pie_answer_status(&call->answer, 413);
        return;
    }
    call->wire->answer(box, &c, &call->answer);
}

static int32_t server_is_method(const char *method, const char *wanted)
{
    return strcmp(method, wanted) == 0 ||
           (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void server_no_method(struct pie_answer *answer, const char *allow)
{
    pie_answer_error(answer, 405, "method_not_allowed", "This route takes another method.", NULL);
    answer->allow = allow;
}

static void server_dispatch(struct apipie_sandbox *box, struct MHD_Connection *connection,
                            const char *path, const char *method, struct server_call *call)
{
    static const char pictures[] = "/temp/";

    if (call->wire != NULL) {
        server_wire(box, connection, path, method, call);
        return;
    }
    for (size_t i = 0; i < PIE_COUNT(server_routes); i++) {
        const struct server_route *route = &server_routes[i];

        if (strcmp(path, route->path) != 0)
            continue;
        if (server_is_method(method, route->method))
            route->answer(box, connection, call);
        else
            server_no_method(&call->answer, route->method);
        return;
    }
    if (strncmp(path, pictures, sizeof(pictures) - 1) != 0)
        pie_answer_error(&call->answer, 404, "not_found", "The sandbox has no such route.", NULL);
    else if (!server_is_method(method, "GET"))
        server_no_method(&call->answer, "GET");
    else
        server_picture(box, connection, path + sizeof(pictures) - 1, &call->answer);
}

static void server_free_body(void *p)
{
    pie_mem_free(&pie_mem_libc, p);
}

static void server_free_picture(void *picture)
{
    pie_picture_unref(picture);
}

/* The whole length was announced: half of it comes, then the connection breaks. The signature is libmicrohttpd's. */
static ssize_t server_read_half(void *cls, uint64_t at, char *out, size_t room)
{
    const struct pie_buf *body = cls;
    size_t half = body->n / 2, n;

    if (at >= half)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    n = half - (size_t)at < room ? half - (size_t)at : room;
    memcpy(out, body->p + at, n);
    return (ssize_t)n;
}

/* Up to the next stop, and a pause before what is behind it. */
static ssize_t server_read_stream(void *cls, uint64_t at, char *out, size_t room)
{
    struct server_call *call = cls;
    const struct pie_answer *answer = &call->answer;
    size_t from = (size_t)at, to = answer->body.n, n;

    if (answer->truncate && from >= to / 2)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (from >= to)
        return MHD_CONTENT_READER_END_OF_STREAM;
    for (size_t i = 0; i < answer->stop_count; i++) {
        if (answer->stops[i] == from && pie_sandbox_sleep(call->box, answer->pause_ms) != APIPIE_OK)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (answer->stops[i] > from && answer->stops[i] < to)
            to = answer->stops[i];
    }
    if (answer->truncate && to > answer->body.n / 2)
        to = answer->body.n / 2;
    n = to - from < room ? to - from : room;
    n = answer->piece_max != 0 && n > answer->piece_max ? answer->piece_max : n;
    memcpy(out, answer->body.p + from, n);
    return (ssize_t)n;
}

/* Takes what it sends out of the answer; the truncated body stays there as long as the call lives. */
static struct MHD_Response *server_response(struct server_call *call)
{
    struct pie_answer *answer = &call->answer;
    struct MHD_Response *response;

    if (answer->stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, SERVER_BUFFER / 4,
                                                 server_read_stream, call, NULL);
    if (answer->picture != NULL) {
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            answer->picture->png.n, answer->picture->png.p, server_free_picture, answer->picture);
        answer->picture = response != NULL ? NULL : answer->picture;
        return response;
    }
    if (answer->truncate)
        return MHD_create_response_from_callback(answer->body.n, SERVER_BUFFER, server_read_half,
                                                 &answer->body, NULL);
    response = MHD_create_response_from_buffer_with_free_callback(answer->body.n, answer->body.p,
                                                                  server_free_body);
    if (response != NULL)
        answer->body.p = NULL; /* pie_buf_free() forgets the rest */
    return response;
}

static void server_add(struct MHD_Response *response, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        MHD_add_response_header(response, name, value);
}

static void server_add_id(struct MHD_Response *response)
{
    char id[] = "req_sandbox_0123456789abcdef";
    uint8_t bytes[8];

    pie_random(bytes, sizeof(bytes));
    pie_answer_hex(bytes, sizeof(bytes), id + 12);
    server_add(response, "x-request-id", id);
}

static void server_head(struct MHD_Response *response, const struct pie_answer *answer)
{
    if (!answer->no_id)
        server_add_id(response);
    if (answer->close)
        server_add(response, "Connection", "close");
    for (size_t i = 0; i < answer->extra_count; i++)
        server_add(response, answer->extra[i].name, answer->extra[i].value);
    server_add(response, "Content-Type", answer->mime);
    server_add(response, "Allow", answer->allow);
    server_add(response, "ETag", answer->etag);
    server_add(response, "Last-Modified", answer->modified);
    server_add(response, "Retry-After", answer->retry_after);
    server_add(response, "retry-after-ms", answer->retry_after_ms);
    server_add(response, "x-should-retry", answer->should_retry);
    server_add(response, "x-ratelimit-limit-requests", answer->rate_limit);
    server_add(response, "x-ratelimit-remaining-requests", answer->rate_remaining);
    server_add(response, "x-ratelimit-reset-requests", answer->rate_reset);
}

/* MHD_NO closes the connection without a word. */
static enum MHD_Result server_send(struct MHD_Connection *connection, struct server_call *call)
{
    const struct pie_answer *answer = &call->answer;
    struct MHD_Response *response;
    enum MHD_Result result;

    if (answer->cut || answer->body.failed != APIPIE_OK)
        return MHD_NO;
    response = server_response(call);
    if (response == NULL)
        return MHD_NO;
    server_head(response, answer);
    result = MHD_queue_response(connection, (unsigned int)answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static void *server_call_free(struct server_call *call)
{
    pie_intake_free(&call->in);
    pie_buf_free(&call->body);
    pie_answer_free(&call->answer);
    pie_mem_free(&pie_mem_libc, call->target);
    return pie_mem_free(&pie_mem_libc, call);
}

/* The first that is heard of a request, before its path is decoded. NULL without memory. */
static void *server_open(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct server_call *call = pie_mem_new(&pie_mem_libc, 1, sizeof(*call));

    (void)connection;
    if (call == NULL)
        return NULL;
    call->box = cls;
    call->target = pie_mem_text(&pie_mem_libc, target, strlen(target));
    pie_buf_init(&call->body, &pie_mem_libc, PIE_SANDBOX_BODY_MAX);
    pie_intake_init(&call->in, 0);
    pie_answer_init(&call->answer);
    return call->target != NULL ? call : server_call_free(call);
}

static void server_begin(struct MHD_Connection *connection, const char *path,
                         struct server_call *call)
{
    call->begun = 1;
    call->is_form = pie_media_is(server_header(connection, "Content-Type"), "multipart/form-data");
    call->wire = server_wire_of(path);
    pie_intake_free(&call->in);
    pie_intake_init(&call->in, call->wire != NULL);
}

static void server_take(struct server_call *call, const char *piece, size_t n)
{
    if (call->is_form || (call->wire != NULL && call->wire->wants_bytes))
        pie_buf_add(&call->body, piece, n);
    if (!call->is_form)
        pie_intake_write(&call->in, piece, n);
}

/* Called with the headers, with each piece of the body, and once more at the end. */
static enum MHD_Result server_handle(void *cls, struct MHD_Connection *connection, const char *path,
                                     const char *method, const char *version, const char *piece,
                                     size_t *size, void **con_cls)
{
    struct server_call *call = *con_cls;

    (void)version;
    if (call == NULL)
        return MHD_NO;
    if (!call->begun) {
        server_begin(connection, path, call);
        return MHD_YES;
    }
    if (*size != 0) {
        server_take(call, piece, *size);
        *size = 0;
        return MHD_YES;
    }
    server_dispatch(cls, connection, path, method, call);
    return server_send(connection, call);
}

static void server_end(void *cls, struct MHD_Connection *connection, void **con_cls,
                       enum MHD_RequestTerminationCode code)
{
    struct server_call *call = *con_cls;

    (void)cls;
    (void)connection;
    (void)code;
    *con_cls = call != NULL ? server_call_free(call) : NULL;
}

apipie_status pie_server_start(struct apipie_sandbox *box, int32_t port, struct pie_server **ret)
{
    struct pie_server *server = pie_mem_new(&pie_mem_libc, 1, sizeof(*server));
    struct sockaddr_in address;

    if (server == NULL)
        return APIPIE_E_MEMORY;
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* A thread a connection: one that draws or stalls holds up no other. */
    server->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL,
        NULL, server_handle, box, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_NOTIFY_COMPLETED, server_end, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        SERVER_BUFFER, MHD_OPTION_URI_LOG_CALLBACK, server_open, box, MHD_OPTION_END);
    if (server->daemon == NULL) {
        pie_mem_free(&pie_mem_libc, server);
        return APIPIE_E_CONFIG;
    }
    *ret = server;
    return APIPIE_OK;
}

int32_t pie_server_port(const struct pie_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info != NULL ? info->port : 0;
}

struct pie_server *pie_server_stop(struct pie_server *server)
{
    if (server == NULL)
        return NULL;
    MHD_stop_daemon(server->daemon);
    return pie_mem_free(&pie_mem_libc, server);
}
