/* SPDX-License-Identifier: MIT */
/* A bare libcurl handle that sends the very bytes of a small call of libapipie. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <curl/curl.h>
#include <stddef.h>

struct curl_slist *bare_lines(void);
/* The bytes of replies are counted and dropped. quiet 1: libcurl need not handle signals. */
CURL *bare_handle(const char *url, struct curl_slist *lines, long quiet, size_t *bytes);

#endif
