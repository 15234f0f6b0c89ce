/* SPDX-License-Identifier: MIT */
/* Whether libcurl will go through a proxy of the environment. */
#ifndef PIE_PROXY_PRIV_H
#define PIE_PROXY_PRIV_H

#include "http/http.h"

/* By the variables and rules that libcurl follows (its manual, "ENVIRONMENT"). */
int32_t pie_proxy_applies(const struct pie_url *u);

#endif
