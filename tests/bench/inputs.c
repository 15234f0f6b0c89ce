/* SPDX-License-Identifier: MIT */
/* One call that brings a picture with it. Arguments: base URL, how (none, file, bytes, multipart), the file. The multipart body goes
 * to the HTTP layer alone. */
#include <apipie/apipie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dialect/input_priv.h"

static int inputs_set_bytes(apipie_request *request, const char *path)
{
    struct stat about;
    FILE *in = fopen(path, "rb");
    if (in == NULL || fstat(fileno(in), &about) != 0)
        return 1;
    size_t n = (size_t)about.st_size;
    void *bytes = malloc(n);
    int failed = bytes == NULL || fread(bytes, 1, n, in) != n ||
                 apipie_request_set_image_bytes(request, bytes, n) != APIPIE_OK;
    free(bytes);
    fclose(in);
    return failed;
}

static int inputs_call(const char *base, const char *how, const char *path)
{
    int failed = 0;
    apipie_client *client = apipie_client_new(NULL);
    apipie_client_set_key(client, "bench");
    apipie_client_set_base_url(client, base);
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(request, "a lake", APIPIE_NTS);
    if (strcmp(how, "file") == 0)
        failed = apipie_request_set_image_file(request, path) != APIPIE_OK;
    else if (strcmp(how, "bytes") == 0)
        failed = inputs_set_bytes(request, path);
    failed = failed || apipie_request_perform(request) != APIPIE_OK;
    if (failed)
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(request)));
    apipie_request_unref(request);
    apipie_client_unref(client);
    return failed;
}

/* ---- multipart */

static apipie_status inputs_head(struct pie_writer *w, int32_t status,
                                 const struct pie_headers *headers)
{
    (void)w;
    (void)status;
    (void)headers;
    return APIPIE_OK;
}

static apipie_status inputs_write(struct pie_writer *w, const uint8_t *p, size_t n)
{
    (void)w;
    (void)p;
    (void)n;
    return APIPIE_OK;
}

static apipie_status inputs_end(struct pie_writer *w)
{
    (void)w;
    return APIPIE_OK;
}

static const struct pie_writer_type inputs_writer = {"drop", inputs_head, inputs_write, inputs_end};

static int inputs_fill(struct pie_http_request *q, const char *base, struct pie_input *in)
{
    struct pie_multipart m;
    const uint8_t random[PIE_MULTIPART_RANDOM] = {1};
    pie_file f = PIE_FILE_NONE;
    const char *reason = NULL;
    if (pie_file_open_read(in->p, &f, &reason) != APIPIE_OK)
        return 1;
    pie_file_stamp(f, &in->stamp, &reason);
    pie_file_close(f, &reason);
    q->method = "POST";
    q->connect_timeout_ms = 10000;
    pie_buf_add_text(&q->url, base);
    pie_multipart_begin(&m, q, random);
    pie_multipart_text(&m, "prompt", pie_slice_text("a lake"));
    pie_multipart_file(&m, "image", "image.png", in);
    return pie_multipart_end(&m) != APIPIE_OK;
}

static int inputs_multipart(const char *base, const char *path)
{
    struct pie_http_request q;
    struct pie_input in;
    struct pie_progress progress;
    struct pie_outcome o;
    struct pie_transport *t = NULL;
    struct pie_writer writer = {&inputs_writer};
    int64_t never = INT64_MAX;
    memset(&in, 0, sizeof(in));
    in.kind = PIE_INPUT_FILE;
    in.p = path;
    in.mime = "image/png";
    pie_http_request_init(&q, &pie_mem_libc);
    pie_outcome_init(&o, &pie_mem_libc);
    if (inputs_fill(&q, base, &in) || pie_curl_transport_new(&pie_mem_libc, &t) != APIPIE_OK ||
        t->type->submit(t, &q, &writer, &progress, &q) != APIPIE_OK)
        return 1;
    while (t->type->next(t, &o) == NULL)
        t->type->drive(t, 1000, &never);
    int failed = o.wire != PIE_WIRE_OK || o.status != 200;
    if (failed)
        fprintf(stderr, "%s\n", o.detail);
    pie_outcome_free(&o);
    t->type->close(t);
    pie_http_request_free(&q);
    return failed;
}

/* KiB, since this program began. */
static void inputs_tell_peak(void)
{
    char line[256];
    FILE *in = fopen("/proc/self/status", "r");
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            printf("%ld\n", strtol(line + 6, NULL, 10));
    }
    if (in != NULL)
        fclose(in);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    int failed = strcmp(argv[2], "multipart") == 0 ? inputs_multipart(argv[1], argv[3])
                                                   : inputs_call(argv[1], argv[2], argv[3]);
    inputs_tell_peak();
    return failed;
}
