/* SPDX-License-Identifier: MIT */
/* Knows libpng (alone); must not know what is painted. */
#include "sandbox/sandbox_priv.h"

#include <png.h>
#include <setjmp.h>

/* Level 1 with one filter: three times as fast as the default, a tenth larger. */
#define PNG_DRAW_LEVEL 1

static png_voidp png_draw_alloc(png_structp png, png_alloc_size_t size)
{
    return pie_mem_new(png_get_mem_ptr(png), 1, size);
}

static void png_draw_release(png_structp png, png_voidp block)
{
    pie_mem_free(png_get_mem_ptr(png), block);
}

/* libpng's own handlers print. */
static void png_draw_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void png_draw_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void png_draw_write(png_structp png, png_bytep p, size_t n)
{
    struct pie_buf *out = png_get_io_ptr(png);

    pie_buf_add(out, p, n);
    if (out->failed != APIPIE_OK)
        png_error(png, "no memory");
}

static void png_draw_flush(png_structp png)
{
    (void)png;
}

/* Blocks of that side, of one colour: a picture that is begun. */
static void png_draw_row(const struct pie_scene *scene, int32_t y, int32_t width, int32_t coarse,
                         uint8_t *row)
{
    if (y % coarse == 0)
        pie_scene_row(scene, y, row);
    for (int32_t x = 0; x < width && coarse > 1 && y % coarse == 0; x++)
        memcpy(row + 3 * x, row + 3 * (x - x % coarse), 3);
}

/* Alone in a function: nothing here is changed between setjmp and longjmp. */
static apipie_status png_draw_all(png_structp png, png_infop info, const struct pie_scene *scene,
                                  int32_t width, int32_t height, int32_t coarse, uint8_t *row)
{
    if (setjmp(png_jmpbuf(png)) != 0)
        return APIPIE_E_MEMORY;
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, PNG_DRAW_LEVEL);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    png_write_info(png, info);
    for (int32_t y = 0; y < height; y++) {
        png_draw_row(scene, y, width, coarse, row);
        png_write_row(png, row);
    }
    png_write_end(png, info);
    return APIPIE_OK;
}

apipie_status pie_png_draw(const struct pie_scene *scene, int32_t width, int32_t height,
                           int32_t coarse, struct pie_buf *out)
{
    /* libpng takes a plain pointer and only hands it back to us. */
    void *mem = (void *)(uintptr_t)(const void *)out->mem;
    apipie_status status = APIPIE_E_MEMORY;
    uint8_t *row = pie_mem_new(out->mem, (size_t)width, 3);
    png_structp png =
        png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, png_draw_error, png_draw_warning,
                                  mem, png_draw_alloc, png_draw_release);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;

    if (row != NULL && info != NULL) {
        png_set_write_fn(png, out, png_draw_write, png_draw_flush);
        status = png_draw_all(png, info, scene, width, height, coarse, row);
    }
    png_destroy_write_struct(&png, &info);
    pie_mem_free(out->mem, row);
    return status;
}
