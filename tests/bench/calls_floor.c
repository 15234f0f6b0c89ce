/* SPDX-License-Identifier: MIT */
/* The reference of small calls: bare curl_multi that sends the very bytes that libapipie sends, so many in flight, handles reused
 * with all that is set on them, replies dropped. Arguments: URL, calls, in flight, and "1" to spare libcurl the handling of
 * signals. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOOR_MAX 1024

static const char floor_body[] =
    "{\"provider\":\"prodia\",\"model\":\"sd_xl_base_1.0\",\"prompt\":\"a lake\"}";
static const char *const floor_headers[] = {
    "User-Agent: libapipie/0.1.0",    "Accept-Encoding: deflate, gzip, br, zstd",
    "Authorization: Bearer bench",    "Accept: application/json",
    "Content-Type: application/json", "Idempotency-Key: 2b502a6b-3b95-45dc-bd91-75f2fa9a51e5",
};

static struct curl_slist *floor_lines(void)
{
    struct curl_slist *lines = NULL;
    for (size_t i = 0; i < sizeof(floor_headers) / sizeof(floor_headers[0]); i++)
        lines = curl_slist_append(lines, floor_headers[i]);
    return lines;
}

static size_t floor_drop(char *p, size_t size, size_t count, void *user)
{
    (void)p;
    *(size_t *)user += size * count;
    return size * count;
}

static CURL *floor_handle(const char *url, struct curl_slist *lines, long quiet, size_t *bytes)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, floor_body);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, floor_drop);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, bytes);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, quiet);
    return easy;
}

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
    struct curl_slist *lines = floor_lines();
    for (; started < width && started < calls; started++) {
        handles[started] = floor_handle(argv[1], lines, argc > 4 && atol(argv[4]), &bytes);
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
