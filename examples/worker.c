/* SPDX-License-Identifier: MIT */
/* Decoding off the frame: the sink runs on the library's worker and gives the bytes to libpng as they arrive; the done callback
 * runs on the main thread, inside poll, when all pixels are there. */
#include <apipie/apipie.h>

#include <png.h>
#include <stdio.h>
#include <stdlib.h>

struct picture {
    png_structp png;
    png_infop info;
    size_t width, height, rows; /* rows that came */
    uint8_t *pixels;            /* RGBA */
    int good;
};

/* ---- on the worker: libpng calls back while it is given bytes */

static void on_info(png_structp png, png_infop info)
{
    struct picture *p = png_get_progressive_ptr(png);
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xFF, PNG_FILLER_AFTER);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    p->width = png_get_image_width(png, info);
    p->height = png_get_image_height(png, info);
    p->pixels = realloc(p->pixels, p->height * p->width * 4);
    if (p->pixels == NULL)
        png_error(png, "out of memory"); /* comes out at setjmp */
}

static void on_row(png_structp png, png_bytep row, png_uint_32 y, int pass)
{
    struct picture *p = png_get_progressive_ptr(png);
    (void)pass;
    png_progressive_combine_row(png, p->pixels + y * p->width * 4, row);
    p->rows = y + 1;
}

/* May come again after a retry. One picture was asked for: there is one slot. */
static apipie_status begin(void *user, uint32_t slot, const char *mime)
{
    struct picture *p = user;
    (void)slot, (void)mime;
    png_destroy_read_struct(&p->png, &p->info, NULL);
    p->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    p->info = p->png != NULL ? png_create_info_struct(p->png) : NULL;
    if (p->info == NULL)
        return APIPIE_E_MEMORY;
    png_set_progressive_read_fn(p->png, p, on_info, on_row, NULL);
    return APIPIE_OK;
}

static apipie_status decode(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct picture *p = user;
    (void)slot;
    if (setjmp(png_jmpbuf(p->png)))
        return APIPIE_E_SINK;
    png_process_data(p->png, p->info, (png_bytep)(uintptr_t)data, size); /* it only reads */
    return APIPIE_OK;
}

/* ---- on the main thread: nothing is left to decode */

static void on_done(void *user, apipie_request *req)
{
    struct picture *p = user;
    uint32_t sum = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < p->rows * p->width * 4; i++)
        sum = (sum ^ p->pixels[i]) * 16777619U;
    p->good = apipie_request_status(req) == APIPIE_OK && p->rows == p->height;
    printf("%zu x %zu pixels, checksum %08x\n", p->width, p->rows, (unsigned)sum);
}

int main(void)
{
    struct picture picture = {0};
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, "A lighthouse in the fog", APIPIE_NTS);
    apipie_request_set_sink(req, begin, decode, NULL, NULL, NULL, &picture, NULL);
    apipie_request_set_done(req, on_done, &picture, NULL);
    if (apipie_client_start_worker(client) == APIPIE_OK && apipie_request_submit(req) == APIPIE_OK)
        while (apipie_client_poll(client, 16) == APIPIE_PENDING)
            ; /* a frame is drawn here: poll only hands over what has ended */
    if (!picture.good)
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(req)));
    apipie_request_unref(req);
    apipie_client_unref(client); /* the worker has ended: nobody writes into picture any more */
    png_destroy_read_struct(&picture.png, &picture.info, NULL);
    free(picture.pixels);
    return picture.good ? 0 : 1;
}
