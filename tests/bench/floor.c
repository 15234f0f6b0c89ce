/* SPDX-License-Identifier: MIT */
/* The reference: libcurl with its defaults fetches the reply and drops the bytes. */
#include <curl/curl.h>
#include <stdio.h>

static size_t drop(char *p, size_t size, size_t count, void *user)
{
    (void)p;
    *(size_t *)user += size * count;
    return size * count;
}

int main(int argc, char **argv)
{
    size_t bytes = 0;
    if (argc < 2)
        return 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "{\"prompt\":\"a lake\"}");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &bytes);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    printf("%zu\n", bytes);
    return code == CURLE_OK ? 0 : 1;
}
