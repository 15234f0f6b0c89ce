/* SPDX-License-Identifier: MIT */
/* Knows how a failover is told to a person; must not judge it. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

/* The call itself, and what some servers are asked before it. */
static int is_to_draw(const apipie_request *request, int64_t index)
{
    int32_t purpose = apipie_request_attempt_purpose(request, (size_t)index);

    return purpose == APIPIE_PURPOSE_GENERATE || purpose == APIPIE_PURPOSE_CHECK ||
           purpose == APIPIE_PURPOSE_UPLOAD;
}

/* An exchange that was to draw; -1 for none. */
static int64_t before(const apipie_request *request, int64_t index)
{
    while (--index >= 0)
        if (is_to_draw(request, index))
            return index;
    return -1;
}

static int is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int is_same_route(const apipie_request *r, int64_t a, int64_t b)
{
    return is_same(apipie_request_attempt_backend(r, (size_t)a),
                   apipie_request_attempt_backend(r, (size_t)b)) &&
           is_same(apipie_request_attempt_provider(r, (size_t)a),
                   apipie_request_attempt_provider(r, (size_t)b)) &&
           is_same(apipie_request_attempt_model(r, (size_t)a),
                   apipie_request_attempt_model(r, (size_t)b));
}

static int is_repeated(const apipie_request *r, int64_t i)
{
    int64_t last = before(r, i);

    return last >= 0 && is_same_route(r, i, last) &&
           is_same(apipie_request_attempt_message(r, (size_t)i),
                   apipie_request_attempt_message(r, (size_t)last));
}

/* Of another backend as --route names it. */
static void tell(const apipie_request *r, int64_t i)
{
    const char *backend = apipie_request_attempt_backend(r, (size_t)i);
    const char *provider = apipie_request_attempt_provider(r, (size_t)i);
    const char *model = apipie_request_attempt_model(r, (size_t)i);
    int foreign = backend != NULL && strcmp(backend, "apipie") != 0;

    (void)fputs("note: ", stderr);
    cli_text_print(stderr, foreign ? backend : NULL);
    (void)fputs(foreign ? "/" : "", stderr);
    cli_text_print(stderr, provider != NULL ? provider : foreign ? "" : "any provider");
    (void)fputc('/', stderr);
    cli_text_print(stderr, model != NULL ? model : foreign ? "" : "any model");
    (void)fputs(" did not draw it: ", stderr);
    cli_text_print(stderr, apipie_request_attempt_message(r, (size_t)i));
    (void)fputc('\n', stderr);
}

void cli_report_routes(const apipie_request *request)
{
    int64_t count = (int64_t)apipie_request_attempt_count(request);
    int64_t last = before(request, count);
    int several = 0;

    for (int64_t i = before(request, last); i >= 0; i = before(request, i))
        several |= !is_same_route(request, i, last);
    for (int64_t i = 0; several && i < count; i++)
        if (is_to_draw(request, i) &&
            apipie_request_attempt_status(request, (size_t)i) != APIPIE_OK &&
            !is_repeated(request, i))
            tell(request, i);
}
