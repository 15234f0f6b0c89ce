/* SPDX-License-Identifier: MIT */
/* The reference of small calls: bare curl_multi that sends the very bytes that libapipie sends, so many in flight, handles reused
 * with all that is set on them, replies dropped. Arguments: URL, calls, in flight, and "1" to spare libcurl the handling of
 * signals. */
#include "bare.h"

#include <stdio.h>
#include <stdlib.h>

#define FLOOR_MAX 1024

/* Takes the ended ones out, puts them in again while calls are left; returns how many failed. */
static long floor_harvest(CURLM *multi, long *started, long *ended, long calls)
{
    int left = 0;
    long failed = 0;
    CURLMsg *m = NULL;
    while ((m = curl_multi_info_read(multi, &left)) != NULL) {
        CURL *easy = m->easy_handle;
        failed += m->data.result != CURLE_OK;
        curl_multi_remove_handle(multi, easy);
        ++*ended;
        if (*started < calls) {
            curl_multi_add_handle(multi, easy);
            ++*started;
        }
    }
    return failed;
}

int main(int argc, char **argv)
{
    static CURL *handles[FLOOR_MAX];
    size_t bytes = 0;
    if (argc < 4)
        return 2;
    long calls = atol(argv[2]);
    long width = atol(argv[3]);
    long started = 0, ended = 0, failed = 0;
    int running = 0;
    if (width < 1 || width > FLOOR_MAX)
        return 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    struct curl_slist *lines = bare_lines();
    for (; started < width && started < calls; started++) {
        handles[started] = bare_handle(argv[1], lines, argc > 4 && atol(argv[4]), &bytes);
        curl_multi_add_handle(multi, handles[started]);
    }
    while (ended < calls) {
        curl_multi_perform(multi, &running);
        failed += floor_harvest(multi, &started, &ended, calls);
        if (ended < calls)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    for (long i = 0; i < width && handles[i] != NULL; i++)
        curl_easy_cleanup(handles[i]);
    curl_multi_cleanup(multi);
    curl_slist_free_all(lines);
    printf("%zu\n", bytes);
    return failed == 0 ? 0 : 1;
}
