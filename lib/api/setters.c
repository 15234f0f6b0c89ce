/* SPDX-License-Identifier: MIT */
/* Knows what each setter accepts, and how to say what is wrong; must not know any wire. */
#include "api/api_priv.h"
#include "codec/codec.h"

apipie_status pie_setter_refuse(apipie_request *r, apipie_status code, const char *setter,
                                const char *problem)
{
    if (!r->setter_failed) {
        pie_error_set(&r->error, code,
                      code == APIPIE_E_MEMORY ? "free some memory, then try again" : "", setter,
                      ": ", problem);
        r->setter_failed = 1;
    }
    return code;
}

apipie_status pie_setter_open(const apipie_request *r)
{
    if (r == NULL)
        return APIPIE_E_ARGUMENT;
    return pie_atomic_get(&r->state) == PIE_STATE_BUILDING ? APIPIE_OK : APIPIE_E_STATE;
}

static apipie_status setter_keep(apipie_request *r, int32_t which, const char *setter,
                                 const char *text, size_t n)
{
    if (pie_wish_set_text(&r->wish, which, text, n) != APIPIE_OK)
        return pie_setter_refuse(r, APIPIE_E_MEMORY, setter, "out of memory");
    return APIPIE_OK;
}

/* A short text of one line. */
static apipie_status setter_text(apipie_request *r, int32_t which, const char *setter,
                                 const char *text)
{
    apipie_status status = pie_setter_open(r);
    if (status != APIPIE_OK)
        return status;
    if (text == NULL)
        return setter_keep(r, which, setter, NULL, 0);
    const char *problem = text[0] == '\0' ? "it is empty" : pie_api_text_problem(text);
    if (problem != NULL)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, problem);
    return setter_keep(r, which, setter, text, strlen(text));
}

/* A text that people write: anything but NUL. */
static apipie_status setter_prose(apipie_request *r, int32_t which, const char *setter,
                                  const char *text, size_t length)
{
    apipie_status status = pie_setter_open(r);
    if (status != APIPIE_OK)
        return status;
    if (text == NULL)
        return setter_keep(r, which, setter, NULL, 0);
    size_t n = length == APIPIE_NTS ? strlen(text) : length;
    if (n > APIPIE_LIMIT_PROMPT)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter,
                                 "it is longer than APIPIE_LIMIT_PROMPT");
    if (pie_slice_trim(pie_slice(text, n)).n == 0)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, "it is empty");
    if (memchr(text, '\0', n) != NULL)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, "it holds a NUL byte");
    if (pie_utf8_valid(text, n) != n)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, "it is not valid UTF-8");
    return setter_keep(r, which, setter, text, n);
}

APIPIE_API apipie_status apipie_request_set_provider(apipie_request *request, const char *provider)
{
    return setter_text(request, PIE_WISH_PROVIDER, "set_provider", provider);
}

APIPIE_API apipie_status apipie_request_set_model(apipie_request *request, const char *model)
{
    return setter_text(request, PIE_WISH_MODEL, "set_model", model);
}

APIPIE_API apipie_status apipie_request_set_backend(apipie_request *request, const char *backend)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    if (backend != NULL && !pie_api_backend_is_known(request->client, backend))
        return pie_setter_refuse(request, APIPIE_E_UNSUPPORTED, "set_backend",
                                 "there is no backend of that name: apipie_client_add_backend()");
    return setter_text(request, PIE_WISH_BACKEND, "set_backend", backend);
}

APIPIE_API apipie_status apipie_request_set_unsupported(apipie_request *request, int32_t how)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    if (how < APIPIE_UNSUPPORTED_REFUSE || how > APIPIE_UNSUPPORTED_NEAREST)
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_unsupported",
                                 "it must be one of APIPIE_UNSUPPORTED_*");
    request->wish.unsupported = how;
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_request_set_input_transfer(apipie_request *request, int32_t how)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    if (how != APIPIE_TRANSFER_AUTO && how != APIPIE_TRANSFER_INLINE)
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_input_transfer",
                                 "it must be one of APIPIE_TRANSFER_*");
    request->wish.transfer = how;
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_request_set_sampler(apipie_request *request, const char *sampler)
{
    return setter_text(request, PIE_WISH_SAMPLER, "set_sampler", sampler);
}

APIPIE_API apipie_status apipie_request_set_output_format(apipie_request *request,
                                                          const char *format)
{
    return setter_text(request, PIE_WISH_ENCODING, "set_output_format", format);
}

APIPIE_API apipie_status apipie_request_set_background(apipie_request *request,
                                                       const char *background)
{
    return setter_text(request, PIE_WISH_BACKGROUND, "set_background", background);
}

APIPIE_API apipie_status apipie_request_set_moderation(apipie_request *request,
                                                       const char *moderation)
{
    return setter_text(request, PIE_WISH_MODERATION, "set_moderation", moderation);
}

APIPIE_API apipie_status apipie_request_set_input_fidelity(apipie_request *request,
                                                           const char *fidelity)
{
    return setter_text(request, PIE_WISH_FIDELITY, "set_input_fidelity", fidelity);
}

APIPIE_API apipie_status apipie_request_set_prompt(apipie_request *request, const char *prompt,
                                                   size_t length)
{
    return setter_prose(request, PIE_WISH_PROMPT, "set_prompt", prompt, length);
}

APIPIE_API apipie_status apipie_request_set_negative_prompt(apipie_request *request,
                                                            const char *prompt, size_t length)
{
    return setter_prose(request, PIE_WISH_NEGATIVE, "set_negative_prompt", prompt, length);
}

APIPIE_API apipie_status apipie_request_set_quality(apipie_request *request, const char *quality)
{
    return setter_text(request, PIE_WISH_QUALITY, "set_quality", quality);
}

APIPIE_API apipie_status apipie_request_set_style(apipie_request *request, const char *style)
{
    return setter_text(request, PIE_WISH_STYLE, "set_style", style);
}

APIPIE_API apipie_status apipie_request_set_response_format(apipie_request *request,
                                                            const char *format)
{
    return setter_text(request, PIE_WISH_FORMAT, "set_response_format", format);
}

APIPIE_API apipie_status apipie_request_set_routing(apipie_request *request, const char *routing)
{
    return setter_text(request, PIE_WISH_ROUTING, "set_routing", routing);
}

APIPIE_API apipie_status apipie_request_set_user(apipie_request *request, const char *user)
{
    return setter_text(request, PIE_WISH_USER, "set_user", user);
}

APIPIE_API apipie_status apipie_request_set_aspect_ratio(apipie_request *request, const char *ratio)
{
    return setter_text(request, PIE_WISH_ASPECT, "set_aspect_ratio", ratio);
}

APIPIE_API apipie_status apipie_request_set_filter(apipie_request *request, const char *name,
                                                   const char *value)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    if (name == NULL || name[0] == '\0')
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_filter", "the name is empty");
    const char *problem = pie_api_text_problem(name);
    if (problem == NULL && value != NULL)
        problem = pie_api_text_problem(value);
    if (problem != NULL)
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_filter", problem);
    if (pie_wish_set_filter(&request->wish, name, value) != APIPIE_OK)
        return pie_setter_refuse(request, APIPIE_E_MEMORY, "set_filter", "out of memory");
    return APIPIE_OK;
}

/* ---- numbers */

/* Says which bit a good number sets; a bad one is refused. */
static apipie_status setter_number(apipie_request *r, int32_t good, uint32_t has,
                                   const char *setter, const char *problem)
{
    apipie_status status = pie_setter_open(r);
    if (status != APIPIE_OK)
        return status;
    if (!good)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, problem);
    r->wish.has |= has;
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_request_set_n(apipie_request *request, int32_t n)
{
    apipie_status status = setter_number(request, n >= 1 && n <= APIPIE_LIMIT_N, PIE_WISH_HAS_N,
                                         "set_n", "it must be 1 to 64");
    if (status == APIPIE_OK)
        request->wish.n = n;
    return status;
}

APIPIE_API apipie_status apipie_request_set_size(apipie_request *request, int32_t width,
                                                 int32_t height)
{
    int32_t good =
        width >= 1 && width <= APIPIE_LIMIT_SIDE && height >= 1 && height <= APIPIE_LIMIT_SIDE;
    apipie_status status = setter_number(request, good, PIE_WISH_HAS_SIZE, "set_size",
                                         "each side must be 1 to 8192 pixels");
    if (status == APIPIE_OK) {
        request->wish.width = width;
        request->wish.height = height;
    }
    return status;
}

APIPIE_API apipie_status apipie_request_set_steps(apipie_request *request, int32_t steps)
{
    apipie_status status = setter_number(request, steps >= 1, PIE_WISH_HAS_STEPS, "set_steps",
                                         "it must be at least 1");
    if (status == APIPIE_OK)
        request->wish.steps = steps;
    return status;
}

APIPIE_API apipie_status apipie_request_set_output_compression(apipie_request *request,
                                                               int32_t percent)
{
    apipie_status status =
        setter_number(request, percent >= 0 && percent <= 100, PIE_WISH_HAS_COMPRESSION,
                      "set_output_compression", "it must be 0 to 100");
    if (status == APIPIE_OK)
        request->wish.compression = percent;
    return status;
}

APIPIE_API apipie_status apipie_request_set_strength(apipie_request *request, double strength)
{
    /* Written so that NaN is no good. */
    apipie_status status =
        setter_number(request, strength >= 0.0 && strength <= 1.0, PIE_WISH_HAS_STRENGTH,
                      "set_strength", "it must be 0 to 1");
    if (status == APIPIE_OK)
        request->wish.strength = strength;
    return status;
}

APIPIE_API apipie_status apipie_request_set_guidance(apipie_request *request, double scale)
{
    apipie_status status =
        setter_number(request, scale >= 0.0 && scale <= 100.0, PIE_WISH_HAS_GUIDANCE,
                      "set_guidance", "it must be 0 to 100");
    if (status == APIPIE_OK)
        request->wish.guidance = scale;
    return status;
}

APIPIE_API apipie_status apipie_request_set_seed(apipie_request *request, uint64_t seed)
{
    apipie_status status = setter_number(request, 1, PIE_WISH_HAS_SEED, "set_seed", "");
    if (status == APIPIE_OK)
        request->wish.seed = seed;
    return status;
}

APIPIE_API apipie_status apipie_request_set_timeout(apipie_request *request, int64_t ms)
{
    apipie_status status = setter_number(request, ms >= 1 && ms <= PIE_LIMIT_MS, 0, "set_timeout",
                                         "it must be 1 to 86400000 ms");
    if (status == APIPIE_OK)
        request->wish.timeout_ms = ms;
    return status;
}

APIPIE_API apipie_status apipie_request_set_retry(apipie_request *request, int32_t policy,
                                                  int32_t retries)
{
    int32_t good = policy >= APIPIE_RETRY_SAFE && policy <= APIPIE_RETRY_ALWAYS && retries >= 0 &&
                   retries <= PIE_LIMIT_RETRIES;
    apipie_status status =
        setter_number(request, good, 0, "set_retry",
                      "the policy must be one of APIPIE_RETRY_*, the retries 0 to 20");
    if (status == APIPIE_OK) {
        request->wish.retry_policy = policy;
        request->wish.retries = retries;
        request->wish.has |= PIE_WISH_HAS_RETRY;
    }
    return status;
}

APIPIE_API apipie_status apipie_request_set_max_image_bytes(apipie_request *request, uint64_t bytes)
{
    apipie_status status = setter_number(request, bytes != 0 && bytes <= PIE_LIMIT_BYTES, 0,
                                         "set_max_image_bytes", "it must be 1 to 2^40");
    if (status == APIPIE_OK)
        request->wish.max_image_bytes = bytes;
    return status;
}

APIPIE_API apipie_status apipie_request_set_connect_timeout(apipie_request *request, int64_t ms)
{
    apipie_status status = setter_number(request, ms >= 1 && ms <= PIE_LIMIT_MS, 0,
                                         "set_connect_timeout", "it must be 1 to 86400000 ms");
    if (status == APIPIE_OK)
        request->wish.connect_timeout_ms = ms;
    return status;
}

APIPIE_API apipie_status apipie_request_set_first_byte_timeout(apipie_request *request, int64_t ms)
{
    apipie_status status = setter_number(request, ms >= 0 && ms <= PIE_LIMIT_MS, 0,
                                         "set_first_byte_timeout", "it must be 0 to 86400000 ms");
    if (status == APIPIE_OK)
        request->wish.first_byte_timeout_ms = ms;
    return status;
}

APIPIE_API apipie_status apipie_request_set_stall_timeout(apipie_request *request, int64_t ms)
{
    apipie_status status = setter_number(request, ms >= 0 && ms <= PIE_LIMIT_MS, 0,
                                         "set_stall_timeout", "it must be 0 to 86400000 ms");
    if (status == APIPIE_OK)
        request->wish.stall_timeout_ms = ms;
    return status;
}

/* ---- routes, line, money */

APIPIE_API apipie_status apipie_request_add_route(apipie_request *request, const char *backend,
                                                  const char *provider, const char *model)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    if (!pie_api_backend_is_known(request->client, backend))
        return pie_setter_refuse(request, APIPIE_E_UNSUPPORTED, "add_route",
                                 "there is no backend of that name: apipie_client_add_backend()");
    if (!pie_api_name_is_good(provider) || !pie_api_name_is_good(model))
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "add_route",
                                 "provider and model must be NULL or short texts in UTF-8");
    status = pie_routes_add(&request->wish.routes, backend, provider, model);
    if (status == APIPIE_E_LIMIT)
        return pie_setter_refuse(request, status, "add_route",
                                 "there are APIPIE_LIMIT_ROUTES already");
    return status == APIPIE_OK ? status
                               : pie_setter_refuse(request, status, "add_route", "out of memory");
}

APIPIE_API apipie_status apipie_request_clear_routes(apipie_request *request)
{
    apipie_status status = pie_setter_open(request);
    if (status == APIPIE_OK)
        pie_routes_clear(&request->wish.routes);
    return status;
}

APIPIE_API apipie_status apipie_request_set_detailed(apipie_request *request, int32_t detailed)
{
    apipie_status status = setter_number(request, detailed == 0 || detailed == 1, 0, "set_detailed",
                                         "it must be 0 or 1");
    if (status == APIPIE_OK)
        request->wish.detailed = detailed;
    return status;
}

APIPIE_API apipie_status apipie_request_set_stream(apipie_request *request, int32_t stream)
{
    apipie_status status =
        setter_number(request, stream == 0 || stream == 1, 0, "set_stream", "it must be 0 or 1");
    if (status == APIPIE_OK)
        request->wish.stream = stream;
    return status;
}

APIPIE_API apipie_status apipie_request_set_partial_images(apipie_request *request, int32_t count)
{
    apipie_status status = setter_number(request, count >= 0 && count <= 3, 0, "set_partial_images",
                                         "it must be 0 to 3");
    if (status == APIPIE_OK)
        request->wish.partial_images = count;
    return status;
}

APIPIE_API apipie_status apipie_request_set_priority(apipie_request *request, int32_t seconds)
{
    int32_t good = seconds >= -APIPIE_LIMIT_PRIORITY && seconds <= APIPIE_LIMIT_PRIORITY;
    apipie_status status =
        setter_number(request, good, 0, "set_priority", "it must be -3600 to 3600 seconds");
    if (status == APIPIE_OK)
        request->wish.priority = seconds;
    return status;
}

APIPIE_API apipie_status apipie_request_set_budget(apipie_request *request, int64_t picodollars)
{
    apipie_status status = setter_number(request, pie_api_amount_is_good(picodollars), 0,
                                         "set_budget", "it must be 0 or more, or APIPIE_UNKNOWN");
    if (status == APIPIE_OK)
        request->wish.budget = picodollars;
    return status;
}

APIPIE_API apipie_status apipie_request_set_tag(apipie_request *request, const char *tag)
{
    return setter_text(request, PIE_WISH_TAG, "set_tag", tag);
}

/* So many lower-case hex digits from *at on and then `end`. 0: not so; 1: all of them are zero; 2: good. */
static int32_t setter_trace_field(const char **at, size_t digits, char end)
{
    int32_t zero = 1;
    for (size_t i = 0; i < digits; i++, ++*at) {
        if (!pie_is_digit(**at) && !(**at >= 'a' && **at <= 'f'))
            return 0;
        zero &= **at == '0';
    }
    if (**at != end)
        return 0;
    *at += end != '\0';
    return zero ? 1 : 2;
}

/* Version 00 of https://www.w3.org/TR/trace-context/ */
static const char *setter_trace_problem(const char *text)
{
    if (strncmp(text, "00-", 3) != 0)
        return "it must begin with 00-";
    text += 3;
    int32_t trace = setter_trace_field(&text, 32, '-');
    int32_t parent = trace != 0 ? setter_trace_field(&text, 16, '-') : 0;
    if (parent == 0 || setter_trace_field(&text, 2, '\0') == 0)
        return "it must be 00-, 32, 16 and 2 lower-case hex digits, with - between them";
    return trace == 1 || parent == 1 ? "an id of zeros alone is none" : NULL;
}

APIPIE_API apipie_status apipie_request_set_traceparent(apipie_request *request,
                                                        const char *traceparent)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    const char *problem = traceparent != NULL ? setter_trace_problem(traceparent) : NULL;
    if (problem != NULL)
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_traceparent", problem);
    return setter_keep(request, PIE_WISH_TRACE, "set_traceparent", traceparent,
                       traceparent != NULL ? strlen(traceparent) : 0);
}

/* ---- headers */

APIPIE_API apipie_status apipie_request_set_header(apipie_request *request, const char *name,
                                                   const char *value)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    const char *problem = pie_api_header_problem(name, value);
    if (problem != NULL)
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_header", problem);
    status = pie_api_header_set(&request->wish.headers, name, value);
    if (status == APIPIE_E_LIMIT)
        return pie_setter_refuse(request, status, "set_header",
                                 "there are APIPIE_LIMIT_HEADERS already");
    return status == APIPIE_OK ? status
                               : pie_setter_refuse(request, status, "set_header", "out of memory");
}

/* ---- extra fields */

static const char *setter_extra_problem(const apipie_request *r, const char *name, const char *json)
{
    if (name == NULL || name[0] == '\0')
        return "the name is empty";
    if (pie_api_text_problem(name) != NULL)
        return "the name is no short text in UTF-8";
    if (json == NULL)
        return NULL;
    size_t n = strlen(json);
    size_t used = pie_wish_extra_bytes(&r->wish);
    if (n > APIPIE_LIMIT_EXTRA || used + n + strlen(name) > APIPIE_LIMIT_EXTRA)
        return "all extra fields together are larger than APIPIE_LIMIT_EXTRA";
    if (pie_json_check(pie_slice(json, n)) == APIPIE_E_ARGUMENT)
        return "the value is no JSON (a text needs its quotes)";
    return NULL;
}

APIPIE_API apipie_status apipie_request_set_extra(apipie_request *request, const char *name,
                                                  const char *json)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    const char *problem = setter_extra_problem(request, name, json);
    if (problem != NULL)
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_extra", problem);
    if ((json != NULL && pie_json_check(pie_slice_text(json)) == APIPIE_E_MEMORY) ||
        pie_wish_set_extra(&request->wish, name, json) != APIPIE_OK)
        return pie_setter_refuse(request, APIPIE_E_MEMORY, "set_extra", "out of memory");
    return APIPIE_OK;
}

/* ---- bills */

static apipie_status setter_kept(apipie_request *r, const char *setter, apipie_status status)
{
    return status == APIPIE_OK ? APIPIE_OK
                               : pie_setter_refuse(r, APIPIE_E_MEMORY, setter, "out of memory");
}

APIPIE_API apipie_status apipie_request_set_period(apipie_request *request, int64_t from_ms,
                                                   int64_t to_ms)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    if (!pie_api_period_is_good(from_ms, to_ms))
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_period",
                                 "a time is negative, or it ends before it begins");
    return setter_kept(request, "set_period", pie_history_set_period(request, from_ms, to_ms));
}

APIPIE_API apipie_status apipie_request_set_max_rows(apipie_request *request, int64_t rows)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    if (rows < 1 || rows > PIE_LIMIT_ROWS)
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_max_rows",
                                 "it must be 1 to 10,000,000");
    return setter_kept(request, "set_max_rows", pie_history_set_most(request, (size_t)rows));
}

APIPIE_API apipie_status apipie_request_set_after(apipie_request *request, apipie_history *history)
{
    apipie_status status = pie_setter_open(request);
    if (status != APIPIE_OK)
        return status;
    if (history != NULL && !history->walked)
        return pie_setter_refuse(request, APIPIE_E_ARGUMENT, "set_after",
                                 "the history is a ledger's, not one of apipie_request_history()");
    return setter_kept(request, "set_after", pie_history_set_after(request, history));
}
