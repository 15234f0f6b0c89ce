/* SPDX-License-Identifier: MIT */
/* What people write today: curl into a buffer, jansson into a tree, libb64 into another buffer, then a file. */
#include <b64/cdecode.h>
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct whole {
    char *p;
    size_t n, cap;
};

static size_t keep(char *p, size_t size, size_t count, void *user)
{
    struct whole *w = user;
    size_t n = size * count;
    if (w->n + n + 1 > w->cap) {
        w->cap = (w->n + n + 1) * 2;
        w->p = realloc(w->p, w->cap);
        if (w->p == NULL)
            return 0;
    }
    memcpy(w->p + w->n, p, n);
    w->n += n;
    w->p[w->n] = '\0';
    return n;
}

int main(int argc, char **argv)
{
    struct whole w = {NULL, 0, 0};
    if (argc < 3)
        return 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "{\"prompt\":\"a lake\"}");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &w);
    if (curl_easy_perform(easy) != CURLE_OK)
        return 1;
    curl_easy_cleanup(easy);
    json_error_t problem;
    json_t *root = json_loadb(w.p, w.n, 0, &problem);
    const char *text =
        json_string_value(json_object_get(json_array_get(json_object_get(root, "data"), 0), "b64_json"));
    if (text == NULL)
        return 1;
    char *bytes = malloc(strlen(text));
    base64_decodestate state;
    base64_init_decodestate(&state);
    int n = base64_decode_block(text, (int)strlen(text), bytes, &state);
    FILE *f = fopen(argv[2], "wb");
    if (f == NULL || fwrite(bytes, 1, (size_t)n, f) != (size_t)n || fclose(f) != 0)
        return 1;
    printf("%d\n", n);
    json_decref(root);
    free(bytes);
    free(w.p);
    return 0;
}
