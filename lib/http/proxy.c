/* SPDX-License-Identifier: MIT */
/* Knows the proxy variables of the environment, as libcurl reads them; must not connect to any. */
#include "http/http.h"

#include "http/proxy_priv.h"

static const char *proxy_first(const char *const *names)
{
    const char *value = NULL;
    for (; *names != NULL && value == NULL; names++)
        value = pie_environment(*names);
    return value;
}

/* The dot of a whole name. */
static struct pie_slice proxy_undot(struct pie_slice name)
{
    name.n -= name.n != 0 && name.p[name.n - 1] == '.';
    return name;
}

/* One entry of no_proxy: a name, and all below it. */
static int32_t proxy_entry_covers(struct pie_slice entry, const char *host)
{
    struct pie_slice h = proxy_undot(pie_slice_text(host));
    entry = proxy_undot(entry);
    while (entry.n != 0 && entry.p[0] == '.') {
        entry.p++;
        entry.n--;
    }
    if (entry.n == 0 || entry.n > h.n)
        return 0;
    struct pie_slice tail = {h.p + h.n - entry.n, entry.n};
    for (size_t i = 0; i < entry.n; i++) {
        if (pie_lower(entry.p[i]) != pie_lower(tail.p[i]))
            return 0;
    }
    return entry.n == h.n || h.p[h.n - entry.n - 1] == '.';
}

static int32_t proxy_excepted(const char *host)
{
    static const char *const names[] = {"no_proxy", "NO_PROXY", NULL};
    struct pie_slice list = pie_slice_trim(pie_slice_text(proxy_first(names)));
    if (pie_slice_equal(list, "*"))
        return 1;
    while (list.n != 0) {
        size_t n = 0;
        while (n < list.n && list.p[n] != ',' && !pie_is_blank(list.p[n]))
            n++;
        if (proxy_entry_covers(pie_slice(list.p, n), host))
            return 1;
        n += n < list.n;
        list.p += n;
        list.n -= n;
    }
    return 0;
}

const char *pie_proxy_of_environment(const struct pie_url *u)
{
    static const char *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                         NULL};
    static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    const char *proxy = proxy_first(strcmp(u->scheme, "https") == 0 ? secure : plain);
    return proxy != NULL && !proxy_excepted(u->host) ? proxy : NULL;
}

int32_t pie_proxy_is_socks(const char *proxy)
{
    return pie_slice_starts_nocase(pie_slice_text(proxy), "socks");
}

int32_t pie_proxy_is_secure(const char *proxy)
{
    return pie_slice_starts_nocase(pie_slice_text(proxy), "https://");
}
