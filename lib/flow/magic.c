/* SPDX-License-Identifier: MIT */
/* Knows image formats by their bytes; must not know where the bytes come from or go. */
#include "flow/flow.h"

/* How far the walk to the dimensions has come. */
enum { MAGIC_IN_HEAD, MAGIC_IN_JPEG, MAGIC_IN_BOXES, MAGIC_DONE };

/* HEIF boxes: the image's size stands near the start or nowhere that is worth a walk. */
#define MAGIC_BOXES_MAX 4096

/* What a test says when the bytes so far fit but are too few. */
enum { MAGIC_NO, MAGIC_YES, MAGIC_MAYBE };

struct magic_head {
    const uint8_t *p;
    size_t n;
    int32_t final; /* no more bytes come */
};

struct magic_format {
    const char *mime;
    const char *extension;
    int32_t (*test)(struct magic_head h);
};

static int32_t magic_is(struct magic_head h, size_t at, const char *sign, size_t n)
{
    if (h.n < at + n) {
        size_t some = h.n > at ? h.n - at : 0;
        return some == 0 || memcmp(h.p + at, sign, some) == 0 ? MAGIC_MAYBE : MAGIC_NO;
    }
    return memcmp(h.p + at, sign, n) == 0 ? MAGIC_YES : MAGIC_NO;
}

static uint32_t magic_big32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t magic_little32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint32_t magic_little16(const uint8_t *p)
{
    return (uint32_t)p[1] << 8 | p[0];
}

static uint32_t magic_little24(const uint8_t *p)
{
    return (uint32_t)p[2] << 16 | magic_little16(p);
}

/* ---- formats */

static int32_t magic_png(struct magic_head h)
{
    return magic_is(h, 0, "\x89PNG\r\n\x1a\n", 8);
}

static int32_t magic_jpeg(struct magic_head h)
{
    return magic_is(h, 0, "\xFF\xD8\xFF", 3);
}

static int32_t magic_gif(struct magic_head h)
{
    int32_t older = magic_is(h, 0, "GIF87a", 6);
    return older != MAGIC_NO ? older : magic_is(h, 0, "GIF89a", 6);
}

static int32_t magic_webp(struct magic_head h)
{
    int32_t riff = magic_is(h, 0, "RIFF", 4);
    return riff != MAGIC_YES ? riff : magic_is(h, 8, "WEBP", 4);
}

/* Two letters are too little to tell a bitmap from a text: the size of its second header must be one that exists. */
static int32_t magic_bmp(struct magic_head h)
{
    static const uint32_t sizes[] = {12, 40, 52, 56, 64, 108, 124};
    int32_t letters = magic_is(h, 0, "BM", 2);
    if (letters != MAGIC_YES || h.n < 18)
        return letters == MAGIC_NO ? MAGIC_NO : MAGIC_MAYBE;
    for (size_t i = 0; i < PIE_COUNT(sizes); i++) {
        if (magic_little32(h.p + 14) == sizes[i])
            return MAGIC_YES;
    }
    return MAGIC_NO;
}

/* Either order of bytes, and the format's number in it. Its size may stand anywhere in the file, and stays unknown. */
static int32_t magic_tiff(struct magic_head h)
{
    int32_t little = magic_is(h, 0, "II*\0", 4);
    return little != MAGIC_NO ? little : magic_is(h, 0, "MM\0*", 4);
}

/* Is one of these brands the file's main one, or (for the general brands) among those it is compatible with? */
static int32_t magic_brand(struct magic_head h, const char *brands, size_t n)
{
    int32_t box = magic_is(h, 4, "ftyp", 4);
    if (box != MAGIC_YES || h.n < 12)
        return box == MAGIC_NO ? MAGIC_NO : MAGIC_MAYBE;
    uint32_t size = magic_big32(h.p);
    size_t end = size < PIE_MAGIC_HEAD ? size : PIE_MAGIC_HEAD;
    if (h.n < end && !h.final)
        return MAGIC_MAYBE;
    int32_t general = memcmp(h.p + 8, "mif1", 4) == 0 || memcmp(h.p + 8, "msf1", 4) == 0;
    for (size_t at = 8; at + 4 <= end && at + 4 <= h.n; at += at == 8 ? 8 : 4) {
        for (size_t i = 0; i < n; i++) {
            if (memcmp(h.p + at, brands + 4 * i, 4) == 0)
                return MAGIC_YES;
        }
        if (!general)
            break;
    }
    return MAGIC_NO;
}

static int32_t magic_avif(struct magic_head h)
{
    return magic_brand(h, "avifavis", 2);
}

static int32_t magic_heic(struct magic_head h)
{
    return magic_brand(h, "heicheixhevchevxheimheismif1msf1", 8);
}

static size_t magic_text_start(struct magic_head h)
{
    size_t i = h.n >= 3 && memcmp(h.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (i < h.n && pie_is_blank(h.p[i]))
        i++;
    return i;
}

/* "<svg", or XML that comes to it within the head. */
static int32_t magic_svg(struct magic_head h)
{
    size_t start = magic_text_start(h);
    struct magic_head text = {h.p + start, h.n - start, h.final};
    int32_t plain = magic_is(text, 0, "<svg", 4);
    if (text.n == 0 || (start == 0 && magic_is(h, 0, "\xEF\xBB\xBF", 3) == MAGIC_MAYBE))
        return MAGIC_MAYBE;
    if (plain != MAGIC_NO)
        return plain;
    int32_t xml = magic_is(text, 0, "<?xml", 5);
    int32_t comment = magic_is(text, 0, "<!--", 4);
    int32_t type = magic_is(text, 0, "<!DOCTYPE svg", 13);
    if (xml == MAGIC_NO && comment == MAGIC_NO && type == MAGIC_NO)
        return MAGIC_NO;
    if (type == MAGIC_YES)
        return MAGIC_YES;
    size_t at = pie_slice_find_nocase(pie_slice((const char *)text.p, text.n), "<svg");
    if (at != text.n)
        return MAGIC_YES;
    return h.n < PIE_MAGIC_HEAD ? MAGIC_MAYBE : MAGIC_NO;
}

static const struct magic_format magic_formats[] = {
    {"image/png", ".png", magic_png},    {"image/jpeg", ".jpg", magic_jpeg},
    {"image/webp", ".webp", magic_webp}, {"image/gif", ".gif", magic_gif},
    {"image/bmp", ".bmp", magic_bmp},    {"image/avif", ".avif", magic_avif},
    {"image/heic", ".bin", magic_heic},  {"image/svg+xml", ".svg", magic_svg},
    {"image/tiff", ".bin", magic_tiff},
};

/* NULL while more bytes could decide. */
static const char *magic_identify(struct magic_head h)
{
    int32_t maybe = 0;
    for (size_t i = 0; i < PIE_COUNT(magic_formats); i++) {
        int32_t answer = magic_formats[i].test(h);
        if (answer == MAGIC_YES)
            return magic_formats[i].mime;
        maybe = maybe || answer == MAGIC_MAYBE;
    }
    return maybe && !h.final && h.n < PIE_MAGIC_HEAD ? NULL : PIE_MIME_UNKNOWN;
}

/* ---- dimensions */

static void magic_set_size(struct pie_magic *m, uint32_t width, uint32_t height)
{
    if (width > INT32_MAX || height > INT32_MAX)
        return;
    m->width = (int32_t)width;
    m->height = (int32_t)height;
}

static size_t magic_webp_size(struct pie_magic *m)
{
    const uint8_t *p = m->head;
    if (m->have < 30)
        return 30;
    if (memcmp(p + 12, "VP8X", 4) == 0) {
        magic_set_size(m, magic_little24(p + 24) + 1, magic_little24(p + 27) + 1);
    } else if (memcmp(p + 12, "VP8L", 4) == 0 && p[20] == 0x2F) {
        uint32_t bits = magic_little32(p + 21);
        magic_set_size(m, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
    } else if (memcmp(p + 12, "VP8 ", 4) == 0 && memcmp(p + 23, "\x9D\x01\x2A", 3) == 0) {
        magic_set_size(m, magic_little16(p + 26) & 0x3FFF, magic_little16(p + 28) & 0x3FFF);
    }
    return 0;
}

static size_t magic_bmp_size(struct pie_magic *m)
{
    const uint8_t *p = m->head;
    if (m->have < 26)
        return 26;
    if (magic_little32(p + 14) == 12) {
        magic_set_size(m, magic_little16(p + 18), magic_little16(p + 20));
        return 0;
    }
    /* a negative height says that the rows go from top to bottom */
    uint32_t height = magic_little32(p + 22);
    magic_set_size(m, magic_little32(p + 18), height > INT32_MAX ? 0 - height : height);
    return 0;
}

/* From the head alone. Returns how many bytes it needs for that, 0 when it has looked. */
static size_t magic_head_size(struct pie_magic *m)
{
    const uint8_t *p = m->head;
    if (strcmp(m->mime, "image/webp") == 0)
        return magic_webp_size(m);
    if (strcmp(m->mime, "image/bmp") == 0)
        return magic_bmp_size(m);
    if (strcmp(m->mime, "image/png") == 0) {
        if (m->have < 24)
            return 24;
        if (memcmp(p + 12, "IHDR", 4) == 0)
            magic_set_size(m, magic_big32(p + 16), magic_big32(p + 20));
    } else if (strcmp(m->mime, "image/gif") == 0) {
        if (m->have < 10)
            return 10;
        magic_set_size(m, magic_little16(p + 6), magic_little16(p + 8));
    }
    return 0;
}

static int32_t magic_is_frame(uint8_t marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/* One more byte of a JPEG segment's start: FF, marker, length, and for a frame precision, height, width. */
static void magic_jpeg_byte(struct pie_magic *m, uint8_t c)
{
    uint8_t *seg = m->seg;
    seg[m->seg_have++] = c;
    if (m->seg_have == 1 && c != 0xFF)
        m->state = MAGIC_DONE;
    if (m->seg_have == 2) {
        if (c == 0xFF) /* fill bytes may stand before a marker */
            m->seg_have = 1;
        else if (c == 0x01 || (c >= 0xD0 && c <= 0xD8)) /* stands alone */
            m->seg_have = 0;
        else if (c == 0x00 || c == 0xD9 || c == 0xDA) /* data, end, scan: no frame came */
            m->state = MAGIC_DONE;
    }
    if (m->seg_have == 4) {
        uint64_t length = (uint64_t)seg[2] << 8 | seg[3];
        if (length < 2 || (magic_is_frame(seg[1]) && length < 8)) {
            m->state = MAGIC_DONE;
        } else if (!magic_is_frame(seg[1])) {
            m->skip = length - 2;
            m->seg_have = 0;
        }
    }
    if (m->seg_have == 9) {
        magic_set_size(m, (uint32_t)seg[7] << 8 | seg[8], (uint32_t)seg[5] << 8 | seg[6]);
        m->state = MAGIC_DONE;
    }
}

static void magic_jpeg_walk(struct pie_magic *m, const uint8_t *p, size_t n)
{
    while (n != 0 && m->state == MAGIC_IN_JPEG) {
        size_t step = 1;
        if (m->skip != 0) {
            step = n < m->skip ? n : (size_t)m->skip;
            m->skip -= step;
        } else {
            magic_jpeg_byte(m, *p);
        }
        p += step;
        n -= step;
    }
}

/* AVIF and HEIC: an "ispe" box for the picture and for each tile, thumbnail and mask: the largest counts. The
 * window holds the last 16 bytes: name, version and flags, width, height. */
static void magic_boxes_walk(struct pie_magic *m, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n && m->state == MAGIC_IN_BOXES; i++) {
        memmove(m->seg, m->seg + 1, sizeof(m->seg) - 1);
        m->seg[sizeof(m->seg) - 1] = p[i];
        if (memcmp(m->seg, "ispe", 4) == 0) {
            uint32_t width = magic_big32(m->seg + 8);
            uint32_t height = magic_big32(m->seg + 12);
            if ((uint64_t)width * height > (uint64_t)m->width * (uint64_t)m->height)
                magic_set_size(m, width, height);
        }
        if (++m->skip == MAGIC_BOXES_MAX)
            m->state = MAGIC_DONE;
    }
}

static void magic_walk(struct pie_magic *m, const uint8_t *p, size_t n)
{
    if (m->state == MAGIC_IN_HEAD && magic_head_size(m) == 0)
        m->state = MAGIC_DONE;
    else if (m->state == MAGIC_IN_JPEG)
        magic_jpeg_walk(m, p, n);
    else if (m->state == MAGIC_IN_BOXES)
        magic_boxes_walk(m, p, n);
}

/* The format is known: `before` bytes of the head came in earlier writes and are walked now. */
static void magic_begin_walk(struct pie_magic *m, size_t before)
{
    if (strcmp(m->mime, "image/jpeg") == 0)
        m->state = MAGIC_IN_JPEG;
    else if (strcmp(m->mime, "image/avif") == 0 || strcmp(m->mime, "image/heic") == 0)
        m->state = MAGIC_IN_BOXES;
    magic_walk(m, m->head, before);
}

void pie_magic_init(struct pie_magic *m)
{
    memset(m, 0, sizeof(*m));
    m->state = MAGIC_IN_HEAD;
}

void pie_magic_write(struct pie_magic *m, const uint8_t *p, size_t n)
{
    size_t before = m->have;
    m->size += n;
    if (m->state == MAGIC_DONE || n == 0)
        return;
    size_t more = n < PIE_MAGIC_HEAD - m->have ? n : PIE_MAGIC_HEAD - m->have;
    memcpy(m->head + m->have, p, more);
    m->have += more;
    if (m->mime == NULL) {
        struct magic_head h = {m->head, m->have, 0};
        m->mime = magic_identify(h);
        if (m->mime == NULL)
            return;
        magic_begin_walk(m, before);
    }
    magic_walk(m, p, n);
}

void pie_magic_end(struct pie_magic *m)
{
    struct magic_head h = {m->head, m->have, 1};
    if (m->mime == NULL)
        m->mime = magic_identify(h);
}

int32_t pie_magic_is_done(const struct pie_magic *m)
{
    return m->state == MAGIC_DONE;
}

const char *pie_magic_mime(const uint8_t *p, size_t n)
{
    if (n == 0)
        return PIE_MIME_UNKNOWN;
    struct magic_head h = {p, n < PIE_MAGIC_HEAD ? n : PIE_MAGIC_HEAD, 1};
    return magic_identify(h);
}

const char *pie_magic_extension(const char *mime)
{
    for (size_t i = 0; mime != NULL && i < PIE_COUNT(magic_formats); i++) {
        if (strcmp(magic_formats[i].mime, mime) == 0)
            return magic_formats[i].extension;
    }
    return ".bin";
}
