/* SPDX-License-Identifier: MIT */
/* Knows HTTP, JSON and PNG by libraries of others; must not know libapipie beyond the sandbox's header. */
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <b64/cdecode.h>
#include <b64/cencode.h>
#include <png.h>

struct filler {
    const char *start, *end;
    size_t start_n, count, end_n, at;
};

static size_t keep(char *p, size_t size, size_t n, void *user)
{
    struct talk *t = user;
    char *body = realloc(t->body, t->n + n + 1);

    if (body == NULL)
        return 0;
    memcpy(body + t->n, p, size * n);
    t->body = body;
    t->n += n;
    body[t->n] = '\0';
    return n;
}

static size_t keep_head(char *p, size_t size, size_t n, void *user)
{
    struct talk *t = user;
    char *head = realloc(t->head, t->head_n + n + 1);

    if (head == NULL)
        return 0;
    memcpy(head + t->head_n, p, size * n);
    t->head = head;
    t->head_n += n;
    head[t->head_n] = '\0';
    return n;
}

static size_t fill(char *p, size_t size, size_t n, void *user)
{
    struct filler *f = user;
    size_t i = 0, middle = f->start_n + f->count, all = middle + f->end_n;

    n *= size;
    for (; i < n && f->at < f->start_n; i++)
        p[i] = f->start[f->at++];
    if (f->at >= f->start_n && f->at < middle) {
        size_t run = n - i < middle - f->at ? n - i : middle - f->at;

        memset(p + i, 'A', run);
        i += run;
        f->at += run;
    }
    for (; i < n && f->at >= middle && f->at < all; i++)
        p[i] = f->end[f->at++ - middle];
    return i;
}

static struct talk perform(CURL *curl, const char *base, const char *path,
                           struct curl_slist *headers)
{
    struct talk t;
    char url[512];

    memset(&t, 0, sizeof(t));
    snprintf(url, sizeof(url), "%s%s", base, path);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &t);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &t);
    t.code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &t.status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (t.body != NULL)
        t.json = json_loadb(t.body, t.n, 0, NULL);
    return t;
}

struct talk talk(const char *base, const char *path, const char *body, const char *header1,
                 const char *header2)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;

    if (header1 != NULL)
        headers = curl_slist_append(headers, header1);
    if (header2 != NULL)
        headers = curl_slist_append(headers, header2);
    if (body != NULL) {
        headers = curl_slist_append(headers, "Content-Type: application/json");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    return perform(curl, base, path, headers);
}

struct talk talk_head(const char *base, const char *path, const char *header)
{
    CURL *curl = curl_easy_init();

    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return perform(curl, base, path, header != NULL ? curl_slist_append(NULL, header) : NULL);
}

struct talk talk_long(const char *base, const char *path, const char *start, size_t count,
                      const char *end)
{
    CURL *curl = curl_easy_init();
    struct filler f = {start, end, strlen(start), count, strlen(end), 0};

    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)(f.start_n + f.count + f.end_n));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, fill);
    curl_easy_setopt(curl, CURLOPT_READDATA, &f);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 1024L * 1024);
    return perform(curl, base, path, curl_slist_append(NULL, TALK_KEY));
}

struct talk talk_raw(const char *base, const char *path, const void *body, size_t n,
                     const char *type, const char *header)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    char line[256];

    snprintf(line, sizeof(line), "Content-Type: %s", type);
    headers = curl_slist_append(headers, line);
    if (header != NULL)
        headers = curl_slist_append(headers, header);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body);
    return perform(curl, base, path, headers);
}

struct talk talk_form(const char *base, const char *path, const struct talk_part *parts,
                      size_t count, const char *header)
{
    return talk_form_with(base, path, parts, count, header, NULL);
}

struct talk talk_form_with(const char *base, const char *path, const struct talk_part *parts,
                           size_t count, const char *header1, const char *header2)
{
    struct curl_slist *headers = header1 != NULL ? curl_slist_append(NULL, header1) : NULL;
    CURL *curl = curl_easy_init();
    curl_mime *form = curl_mime_init(curl);
    struct talk t;

    for (size_t i = 0; i < count; i++) {
        curl_mimepart *part = curl_mime_addpart(form);

        curl_mime_name(part, parts[i].name);
        curl_mime_data(part, parts[i].p, parts[i].n);
        if (parts[i].file != NULL)
            curl_mime_filename(part, parts[i].file);
        if (parts[i].type != NULL)
            curl_mime_type(part, parts[i].type);
    }
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
    if (header2 != NULL)
        headers = curl_slist_append(headers, header2);
    t = perform(curl, base, path, headers);
    curl_mime_free(form);
    return t;
}

void talk_end(struct talk *t)
{
    json_decref(t->json);
    free(t->body);
    free(t->head);
    memset(t, 0, sizeof(*t));
}

json_t *talk_at(const struct talk *t, const char *path)
{
    json_t *at = t->json;

    while (*path != '\0' && at != NULL) {
        char key[64];
        size_t n = strcspn(path, ".");

        snprintf(key, sizeof(key), "%.*s", (int)n, path);
        at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(key, NULL, 10))
                               : json_object_get(at, key);
        path += n + (path[n] == '.' ? 1 : 0);
    }
    return at;
}

const char *talk_text(const struct talk *t, const char *path)
{
    const char *text = json_string_value(talk_at(t, path));

    return text != NULL ? text : "";
}

int talk_is_png(const void *p, size_t n, unsigned width, unsigned height)
{
    png_image image;
    unsigned char *pixels;
    int good = 0;

    memset(&image, 0, sizeof(image));
    image.version = PNG_IMAGE_VERSION;
    if (p == NULL || !png_image_begin_read_from_memory(&image, p, n))
        return 0;
    image.format = PNG_FORMAT_RGB;
    pixels = malloc(PNG_IMAGE_SIZE(image));
    if (pixels != NULL && image.width == width && image.height == height)
        good = png_image_finish_read(&image, NULL, pixels, 0, NULL) != 0;
    png_image_free(&image);
    free(pixels);
    return good;
}

unsigned char *talk_png(unsigned width, unsigned height, int alpha, unsigned seed, size_t *ret_n)
{
    png_image image;
    png_alloc_size_t n = 0;
    unsigned char *pixels, *out;
    size_t bytes;

    memset(&image, 0, sizeof(image));
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
    bytes = PNG_IMAGE_SIZE(image);
    pixels = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        pixels[i] = (unsigned char)((seed = seed * 1103515245u + 12345u) >> 16);
    png_image_write_get_memory_size(image, n, 0, pixels, 0, NULL);
    out = malloc(n);
    png_image_write_to_memory(&image, out, &n, 0, pixels, 0, NULL);
    free(pixels);
    *ret_n = n;
    return out;
}

char *talk_base64(const char *before, const void *p, size_t n, const char *behind)
{
    base64_encodestate state;
    size_t first = strlen(before), last = strlen(behind), at = first;
    char *out = malloc(first + last + n * 2 + 16);

    memcpy(out, before, first);
    base64_init_encodestate(&state);
    at += (size_t)base64_encode_block(p, (int)n, out + at, &state);
    at += (size_t)base64_encode_blockend(out + at, &state);
    for (n = first; n < at; n++) /* its lines */
        if (out[n] == '\n')
            memmove(out + n, out + n + 1, --at - n);
    memcpy(out + at, behind, last + 1);
    return out;
}

int talk_holds_png(const struct talk *t, const char *path, unsigned width, unsigned height)
{
    size_t n;
    unsigned char *png = talk_decode(talk_text(t, path), &n);
    int good = talk_is_png(png, n, width, height);

    free(png);
    return good;
}

unsigned char *talk_decode(const char *text, size_t *ret_n)
{
    base64_decodestate state;
    size_t n = strlen(text);
    unsigned char *out = malloc(n + 1);

    base64_init_decodestate(&state);
    *ret_n = (size_t)base64_decode_block(text, (int)n, (char *)out, &state);
    return out;
}

apipie_sandbox *talk_box;
char talk_base[64], talk_root[64];

int talk_setup(void **state)
{
    (void)state;
    talk_box = apipie_sandbox_new();
    if (apipie_sandbox_start(talk_box) != APIPIE_OK)
        return -1;
    snprintf(talk_base, sizeof(talk_base), "%s", apipie_sandbox_url(talk_box));
    snprintf(talk_root, sizeof(talk_root), "%.*s", (int)(strlen(talk_base) - 3), talk_base);
    return 0;
}

int talk_teardown(void **state)
{
    (void)state;
    talk_box = apipie_sandbox_unref(talk_box);
    return 0;
}

int64_t talk_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct talk talk_post(const char *body)
{
    return talk(talk_base, GENERATE, body, TALK_KEY, NULL);
}

struct talk talk_post_fault(const char *body, const char *fault)
{
    char header[128];

    snprintf(header, sizeof(header), "X-Sandbox-Fault: %s", fault);
    return talk(talk_base, GENERATE, body, TALK_KEY, header);
}

struct talk talk_fetch(const struct talk *reply, const char *path)
{
    return talk(talk_text(reply, path), "", NULL, NULL, NULL);
}

void talk_expect_error(struct talk *t, long status, const char *code)
{
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_string_equal(talk_text(t, "error.code"), code);
    assert_true(strlen(talk_text(t, "error.message")) > 10);
    talk_end(t);
}

void *talk_stalled_call(void *user)
{
    struct talk *t = user;

    *t = talk_post("{" SMALL ",\"sandbox\":{\"fault\":\"stall:60000\"}}");
    return NULL;
}
