/* SPDX-License-Identifier: MIT */
/* Shows a PNG in a terminal: two pixels a character, the upper half block in one colour on the other. */
#include <png.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 60 };

/* The mean colour of the part of the picture that one dot stands for. */
static void dot(const png_image *image, const unsigned char *pixels, size_t x, size_t y,
                size_t rows, unsigned ret[3])
{
    size_t left = x * image->width / COLUMNS, right = (x + 1) * image->width / COLUMNS;
    size_t top = y * image->height / rows, bottom = (y + 1) * image->height / rows;
    size_t sum[3] = {0, 0, 0}, n;

    right = right > left ? right : left + 1;
    bottom = bottom > top ? bottom : top + 1;
    n = (right - left) * (bottom - top);
    for (size_t row = top; row < bottom; row++)
        for (size_t column = left; column < right; column++)
            for (size_t c = 0; c < 3; c++)
                sum[c] += pixels[(row * image->width + column) * 3 + c];
    for (size_t c = 0; c < 3; c++)
        ret[c] = (unsigned)(sum[c] / n);
}

static void show(const png_image *image, const unsigned char *pixels)
{
    size_t rows = (size_t)COLUMNS * image->height / image->width / 2 * 2;

    rows = rows < 2 ? 2 : rows;
    for (size_t y = 0; y < rows; y += 2) {
        for (size_t x = 0; x < COLUMNS; x++) {
            unsigned up[3], low[3];

            dot(image, pixels, x, y, rows, up);
            dot(image, pixels, x, y + 1, rows, low);
            (void)printf("\033[38;2;%u;%u;%um\033[48;2;%u;%u;%um\u2580", up[0], up[1], up[2],
                         low[0], low[1], low[2]);
        }
        (void)puts("\033[0m");
    }
}

int main(int argc, char **argv)
{
    png_image image;
    unsigned char *pixels = NULL;
    int good = 0;

    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    if (argc != 2) {
        (void)fputs("usage: preview FILE.png\n", stderr);
        return 2;
    }
    if (png_image_begin_read_from_file(&image, argv[1])) {
        image.format = PNG_FORMAT_RGB;
        pixels = malloc(PNG_IMAGE_SIZE(image));
        good = pixels != NULL && png_image_finish_read(&image, NULL, pixels, 0, NULL);
    }
    if (good)
        show(&image, pixels);
    else
        (void)fprintf(stderr, "preview: %s: %s\n", argv[1], image.message);
    free(pixels);
    png_image_free(&image);
    return good ? 0 : 1;
}
