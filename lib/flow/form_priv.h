/* SPDX-License-Identifier: MIT */
/* What one string at an image path is: base64, a data URI or a url, told by its first characters. */
#ifndef PIE_FORM_PRIV_H
#define PIE_FORM_PRIV_H

#include "flow/flow.h"
#include "flow/picture_priv.h"

#define PIE_FORM_HEADER 256   /* longest header of a data URI */
#define PIE_FORM_URL    16384 /* longest url */

struct pie_form {
    const struct pie_mem *mem;
    struct pie_sink *sink;
    uint32_t *next_slot;
    uint64_t max;

    int32_t kind; /* PIE_PATH_* */
    int32_t state;
    char head[PIE_FORM_HEADER]; /* the first characters, or the header of a data URI */
    size_t head_n;
    struct pie_buf url;
    struct pie_base64 base64;
    uint8_t *room; /* of the decoder; made when first needed, kept for all pictures */
    size_t filled; /* decoded bytes that wait in it */
    struct pie_picture picture;
    const char *problem; /* why it is no good, when no picture began */
};

void pie_form_init(struct pie_form *f, const struct pie_mem *mem, struct pie_sink *sink,
                   uint32_t *next_slot, uint64_t max);
void pie_form_free(struct pie_form *f);
void pie_form_begin(struct pie_form *f, int32_t kind);
/* Unescaped characters. What is wrong with the picture is told at the end. */
void pie_form_write(struct pie_form *f, const char *p, size_t n);
/* whole 0: the string was cut. Fills all of part but path and index. APIPIE_OK, or APIPIE_E_MEMORY for a url. */
apipie_status pie_form_end(struct pie_form *f, int32_t whole, struct pie_part *part);

#endif
