/* SPDX-License-Identifier: MIT */
/* Knows where a leg may go: image urls and redirects; must not judge replies. */
#include "engine/engine_priv.h"

#define LEG_REDIRECTS_MAX 5

static const char *leg_problem(const struct pie_url *u, int32_t allow_http)
{
    if (strcmp(u->scheme, "http") == 0 && !allow_http && !pie_url_host_is_loopback(u->host))
        return "http:// to another machine is not encrypted: use https://, or allow it for this "
               "client";
    return NULL;
}

apipie_status pie_engine_check_url(const struct pie_mem *mem, const char *url, int32_t allow_http,
                                   const char **ret_problem)
{
    struct pie_url u;
    apipie_status status = pie_url_parse(mem, url, &u);
    if (status != APIPIE_OK) {
        *ret_problem = status == APIPIE_E_MEMORY ? "out of memory" : "it is no http or https URL";
        return status;
    }
    const char *problem = leg_problem(&u, allow_http);
    pie_url_free(mem, &u);
    if (problem == NULL)
        return APIPIE_OK;
    *ret_problem = problem;
    return APIPIE_E_CONFIG;
}

/* The gateway answers under two names; they count as one. */
static int32_t leg_is_apipie(const struct pie_url *u)
{
    return strcmp(u->scheme, "https") == 0 && strcmp(u->port, "443") == 0 &&
           (strcmp(u->host, "apipie.ai") == 0 || strcmp(u->host, "api.apipie.ai") == 0);
}

static int32_t leg_same_origin(const struct pie_url *a, const struct pie_url *b)
{
    if (leg_is_apipie(a) && leg_is_apipie(b))
        return 1;
    return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 &&
           strcmp(a->port, b->port) == 0;
}

static apipie_status leg_refuse(struct apipie_error *err, const char *hint, const char *what,
                                const char *url)
{
    char shown[200];
    /* What follows the path may be as good as a key. */
    pie_text_display(pie_slice(url, strcspn(url, "?#")), shown, sizeof(shown));
    pie_error_set(err, APIPIE_E_NETWORK, hint, what, shown, NULL);
    return err->code;
}

/* May a GET without key go there, when it came from a server that we trust this far? */
static const char *leg_fetch_problem(const struct apipie_request *r, const struct pie_url *u)
{
    const char *problem = leg_problem(u, r->place->allow_http);
    if (problem == NULL && !r->run->private_gateway && pie_url_host_is_private(u->host))
        problem = "a public server must not send us to a private address";
    return problem;
}

static apipie_status leg_set_url(struct pie_leg *leg, const char *url)
{
    pie_buf_clear(&leg->request.url);
    pie_buf_add_text(&leg->request.url, url);
    return leg->request.url.failed;
}

apipie_status pie_leg_fetch(struct apipie_request *r, const char *url, struct apipie_error *err)
{
    struct pie_url u;
    struct pie_leg *leg = &r->run->fetch;
    apipie_status status = pie_url_parse(r->mem, url, &u);
    if (status == APIPIE_E_MEMORY)
        return status;
    if (status != APIPIE_OK)
        return leg_refuse(err, "the server's reply is at fault", "the image's url is none: ", url);
    const char *problem = leg_fetch_problem(r, &u);
    pie_url_free(r->mem, &u);
    if (problem != NULL)
        return leg_refuse(err, problem, "the image's url is refused: ", url);
    leg->purpose = APIPIE_PURPOSE_DOWNLOAD;
    leg->paid = leg->with_key = 0;
    leg->request.method = "GET";
    leg->request.public_only = !r->run->private_gateway;
    pie_headers_clear(&leg->request.headers);
    status =
        pie_headers_add(&leg->request.headers, pie_slice_text("Accept"), pie_slice_text("image/*"));
    if (status == APIPIE_OK)
        status = pie_run_set_way(r, 0, leg);
    return status == APIPIE_OK ? leg_set_url(leg, url) : status;
}

/* The call carries key and body: only to the same origin, and only when the method stays POST. */
static apipie_status leg_redirect_call(struct apipie_request *r, const struct pie_outcome *o,
                                       const char *target, struct apipie_error *err)
{
    struct pie_url from, to;
    if (o->status == 303 && strcmp(r->run->leg->request.method, "POST") == 0)
        return leg_refuse(err,
                          r->run->leg->paid ? "look at your usage before you send it again"
                                            : "the server's reply is at fault",
                          "the server answered 303, see other: ", target);
    apipie_status status = pie_url_parse(r->mem, r->run->leg->request.url.p, &from);
    if (status != APIPIE_OK)
        return status;
    status = pie_url_parse(r->mem, target, &to);
    if (status == APIPIE_OK) {
        if (!leg_same_origin(&from, &to))
            status = APIPIE_E_NETWORK;
        pie_url_free(r->mem, &to);
    }
    pie_url_free(r->mem, &from);
    if (status == APIPIE_OK || status == APIPIE_E_MEMORY)
        return status;
    leg_refuse(err, "if you trust it, set the base URL to that server's",
               "the server redirects the call, and the key with it, to another place: ", target);
    struct pie_slice base = pie_slice_text(target);
    if (r->run->leg->purpose == APIPIE_PURPOSE_UPLOAD) /* it is not below the base URL */
        return err->code;
    base.n = pie_slice_find_nocase(base, r->run->leg->paid ? "/images/" : "/models");
    char shown[200];
    pie_text_display(base, shown, sizeof(shown));
    pie_text_copy(pie_slice_text("if you trust it, set the base URL: --base-url "), err->hint,
                  sizeof(err->hint));
    pie_text_copy(pie_slice_text(shown), err->hint + strlen(err->hint),
                  sizeof(err->hint) - strlen(err->hint));
    return err->code;
}

static apipie_status leg_copy_url(const struct pie_leg *leg, const char *url, struct pie_buf *ret)
{
    struct pie_buf copy;
    pie_buf_init(&copy, leg->request.url.mem, leg->request.url.max);
    pie_buf_add_text(&copy, url);
    if (copy.failed != APIPIE_OK) {
        apipie_status status = copy.failed;
        pie_buf_free(&copy);
        return status;
    }
    *ret = copy;
    return APIPIE_OK;
}

static apipie_status leg_redirect_fetch(struct apipie_request *r, const char *target,
                                        struct apipie_error *err)
{
    struct pie_url to;
    int32_t from_https =
        pie_slice_starts_nocase(pie_slice_text(r->run->leg->request.url.p), "https:");
    if (pie_url_parse(r->mem, target, &to) != APIPIE_OK)
        return leg_refuse(err, "the server's reply is at fault", "a redirect to no url: ", target);
    const char *problem = leg_fetch_problem(r, &to);
    if (from_https && strcmp(to.scheme, "http") == 0)
        problem = "from https:// to http:// is a step back";
    pie_url_free(r->mem, &to);
    if (problem != NULL)
        return leg_refuse(err, problem, "the redirect is refused: ", target);
    return APIPIE_OK;
}

apipie_status pie_leg_redirect(struct apipie_request *r, const struct pie_outcome *o,
                               struct pie_buf *ret, struct apipie_error *err)
{
    char *target = NULL;
    const char *location = pie_headers_get(&o->headers, "location");
    if (location == NULL || location[0] == '\0')
        return leg_refuse(err, "the server's reply is at fault", "a redirect without a target", "");
    if (r->run->redirects == LEG_REDIRECTS_MAX)
        return leg_refuse(err, "the server sends us in circles", "more than 5 redirects, last to ",
                          location);
    apipie_status status = pie_url_resolve(r->mem, r->run->leg->request.url.p, location, &target);
    if (status == APIPIE_E_MEMORY)
        return status;
    if (status != APIPIE_OK)
        return leg_refuse(err, "the server's reply is at fault",
                          "a redirect to no url: ", location);
    status = r->run->leg->request.ours ? leg_redirect_call(r, o, target, err)
                                       : leg_redirect_fetch(r, target, err);
    if (status == APIPIE_OK)
        status = leg_copy_url(r->run->leg, target, ret);
    r->run->redirects++;
    pie_mem_free(r->mem, target);
    return status;
}
