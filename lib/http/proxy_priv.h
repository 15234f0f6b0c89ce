/* SPDX-License-Identifier: MIT */
/* Which proxy libcurl will go through. */
#ifndef PIE_PROXY_PRIV_H
#define PIE_PROXY_PRIV_H

#include "http/http.h"

/* The URL of the environment's proxy for that server, by the variables and rules that libcurl follows (its manual, "ENVIRONMENT").
 * NULL: none. Borrowed from the environment: look at it at once. */
const char *pie_proxy_of_environment(const struct pie_url *u);
/* 1 when it speaks SOCKS, 0 when HTTP. */
int32_t pie_proxy_is_socks(const char *proxy);
/* 1 when the way to the proxy itself is TLS. */
int32_t pie_proxy_is_secure(const char *proxy);

#endif
