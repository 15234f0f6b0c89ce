/* SPDX-License-Identifier: MIT */
/* What an image is, by its first bytes, and how large: however the bytes are cut. */
#include "flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct row {
    const char *name;
    const char *bytes;
    size_t n;
    const char *mime;
    int32_t width, height;
};

#define BYTES(text) text, sizeof(text) - 1
#define FTYP(brands)                                                                               \
    "\0\0\0\x1c"                                                                                   \
    "ftyp" brands
#define ISPE(w, h)                                                                                 \
    "\0\0\0\x14"                                                                                   \
    "ispe"                                                                                         \
    "\0\0\0\0" w h

static const struct row rows[] = {
    {"png", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\4\0\0\0\2\x58\x08\2\0\0\0"), "image/png", 1024,
     600},
    {"png without its header", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rCgBI\0\0\4\0\0\0\2\x58"),
     "image/png", 0, 0},
    {"png of an absurd size", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xFF\0\4\0\0\0\2\x58"),
     "image/png", 0, 0},
    {"gif", BYTES("GIF89a\x40\x01\xF0\0\xF7"), "image/gif", 320, 240},
    {"old gif", BYTES("GIF87a\x01\0\2\0"), "image/gif", 1, 2},
    {"gif cut", BYTES("GIF87a\x01\0\2"), "image/gif", 0, 0},
    {"bmp", BYTES("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x80\2\0\0\x20\xFE\xFF\xFF"), "image/bmp",
     640, 480},
    {"old bmp", BYTES("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x0C\0\0\0\x80\2\xE0\1\1\0\x18\0"), "image/bmp",
     640, 480},
    {"words that begin like a bmp", BYTES("BMW makes cars and motorcycles"), PIE_MIME_UNKNOWN, 0,
     0},
    {"webp, lossy", BYTES("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9D\x01\x2A\0\x44\x58\x82"),
     "image/webp", 1024, 600},
    {"webp, lossless", BYTES("RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2F\xFF\xC3\x95\x00\0\0\0\0\0"),
     "image/webp", 1024, 600},
    {"webp, extended", BYTES("RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0\xFF\3\0\x57\2\0"),
     "image/webp", 1024, 600},
    {"a sound", BYTES("RIFF\0\0\0\0WAVEfmt "), PIE_MIME_UNKNOWN, 0, 0},
    {"jpeg",
     BYTES("\xFF\xD8\xFF\xE0\0\x04"
           "JF\xFF\xFF\xDB\0\3X\xFF\xC0\0\x11\x08\2\x58\4\0\3"),
     "image/jpeg", 1024, 600},
    {"jpeg, progressive", BYTES("\xFF\xD8\xFF\xC4\0\3\xC0\xFF\xC2\0\x11\x08\0\x10\0\x20\3"),
     "image/jpeg", 32, 16},
    {"jpeg, scan before frame", BYTES("\xFF\xD8\xFF\xDA\0\3\xC0\xFF\xC2\0\x11\x08\0\x10\0\x20\3"),
     "image/jpeg", 0, 0},
    {"jpeg, bad length", BYTES("\xFF\xD8\xFF\xE0\0\1\xFF\xC2\0\x11\x08\0\x10\0\x20\3"),
     "image/jpeg", 0, 0},
    {"jpeg, no marker", BYTES("\xFF\xD8\xFF\xE0\0\2\0\xFF\xC2\0\x11\x08\0\x10\0\x20\3"),
     "image/jpeg", 0, 0},
    {"avif",
     BYTES(FTYP("avif\0\0\0\0avifmif1miaf") ISPE("\0\0\0\x20", "\0\0\0\x10")
               ISPE("\0\0\4\0", "\0\0\2\x58") ISPE("\0\0\0\x40", "\0\0\0\x40")),
     "image/avif", 1024, 600},
    {"avif behind a general brand", BYTES(FTYP("mif1\0\0\0\0mif1avifmiaf")), "image/avif", 0, 0},
    {"heic", BYTES(FTYP("heic\0\0\0\0mif1heicmiaf") ISPE("\0\0\4\0", "\0\0\2\x58")), "image/heic",
     1024, 600},
    {"heif without a codec's brand", BYTES(FTYP("mif1\0\0\0\0mif1miafMiHB")), "image/heic", 0, 0},
    {"little tiff", BYTES("II*\0\x8\0\0\0"), "image/tiff", 0, 0},
    {"big tiff", BYTES("MM\0*\0\0\0\x8"), "image/tiff", 0, 0},
    {"no tiff", BYTES("II*x"), PIE_MIME_UNKNOWN, 0, 0},
    {"half a tiff", BYTES("MM"), PIE_MIME_UNKNOWN, 0, 0},
    {"a film", BYTES(FTYP("isom\0\0\0\0isomavc1mp41")), PIE_MIME_UNKNOWN, 0, 0},
    {"svg", BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\"/>"), "image/svg+xml", 0,
     0},
    {"svg behind a mark", BYTES("\xEF\xBB\xBF\n <svg/>"), "image/svg+xml", 0, 0},
    {"svg behind XML",
     BYTES("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<!-- made by hand, with "
           "some care -->\n<svg/>"),
     "image/svg+xml", 0, 0},
    {"svg by its type", BYTES("<!DOCTYPE svg PUBLIC \"x\">"), "image/svg+xml", 0, 0},
    {"other XML", BYTES("<?xml version=\"1.0\"?><Error/>"), PIE_MIME_UNKNOWN, 0, 0},
    {"HTML", BYTES("<html><svg/></html>"), PIE_MIME_UNKNOWN, 0, 0},
    {"JSON", BYTES("{\"a\":1}"), PIE_MIME_UNKNOWN, 0, 0},
    {"half a sign", BYTES("\x89PNG"), PIE_MIME_UNKNOWN, 0, 0},
    {"nothing", BYTES(""), PIE_MIME_UNKNOWN, 0, 0},
};

static void read_in_steps(struct pie_magic *m, const struct row *r, size_t first, size_t step)
{
    pie_magic_init(m);
    size_t at = 0;
    size_t piece = first < r->n ? first : r->n;
    while (at < r->n) {
        pie_magic_write(m, (const uint8_t *)r->bytes + at, piece);
        at += piece;
        piece = step < r->n - at ? step : r->n - at;
    }
    pie_magic_end(m);
}

static void need_row(const struct row *r, const struct pie_magic *m)
{
    if (strcmp(m->mime, r->mime) != 0 || m->width != r->width || m->height != r->height)
        fail_msg("%s: %s %dx%d", r->name, m->mime, (int)m->width, (int)m->height);
    assert_true(m->size == r->n);
}

static void formats_are_known_however_they_are_cut(void **state)
{
    struct pie_magic m;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        assert_string_equal(pie_magic_mime((const uint8_t *)rows[i].bytes, rows[i].n),
                            rows[i].mime);
        for (size_t first = 1; first <= rows[i].n + 1; first++) {
            read_in_steps(&m, &rows[i], first, rows[i].n + 1);
            need_row(&rows[i], &m);
        }
        for (size_t step = 1; step < 9; step++) {
            read_in_steps(&m, &rows[i], step, step);
            need_row(&rows[i], &m);
        }
    }
}

/* A colour profile of 60 KiB may stand before the frame. */
static void jpeg_segments_are_skipped(void **state)
{
    static uint8_t bytes[4 + 65535 + 11];
    (void)state;
    memset(bytes, 0xFF, sizeof(bytes));
    memcpy(bytes, "\xFF\xD8\xFF\xE2\xFF\xFF", 6);
    memcpy(bytes + 4 + 65535, "\xFF\xC1\0\x11\x08\2\x58\4\0\3", 10);
    struct row r = {"profile", (const char *)bytes, sizeof(bytes), "image/jpeg", 1024, 600};
    for (size_t step = 1; step < 100000; step = step * 7 + 1) {
        struct pie_magic m;
        read_in_steps(&m, &r, step, step);
        need_row(&r, &m);
    }
}

static void extensions_follow_the_bytes(void **state)
{
    static const char *const pairs[][2] = {
        {"image/png", ".png"},     {"image/jpeg", ".jpg"},     {"image/webp", ".webp"},
        {"image/gif", ".gif"},     {"image/bmp", ".bmp"},      {"image/avif", ".avif"},
        {"image/svg+xml", ".svg"}, {PIE_MIME_UNKNOWN, ".bin"}, {"image/heic", ".bin"},
        {"image/tiff", ".bin"},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(pairs); i++)
        assert_string_equal(pie_magic_extension(pairs[i][0]), pairs[i][1]);
    assert_string_equal(pie_magic_extension(NULL), ".bin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_known_however_they_are_cut),
        cmocka_unit_test(jpeg_segments_are_skipped),
        cmocka_unit_test(extensions_follow_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
