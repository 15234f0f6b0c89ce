/* SPDX-License-Identifier: MIT */
/* A picture that a request brings with it: input image or mask. */
#ifndef PIE_INPUT_H
#define PIE_INPUT_H

#include "base/base.h"

enum { PIE_INPUT_NONE, PIE_INPUT_BYTES, PIE_INPUT_FILE, PIE_INPUT_URL };

struct pie_input {
    int32_t kind;
    const void *
        p; /* n bytes: the picture's; or a text with a NUL behind it: the file's path from the root on, or the URL */
    size_t n;
    const char *mime;      /* static; NULL of a URL: nobody has seen what is there */
    int32_t width, height; /* as its bytes say; 0: not known */
    struct pie_file_stamp
        stamp; /* of a file, as it was when it was given: it is sent only as long as it is still that */
    struct pie_hash name; /* tells it from other pictures; zeros: nobody needed to */
};

struct pie_inputs {
    struct pie_input *items;
    size_t count;
};

/* Bytes of the picture; 0 of a URL. */
uint64_t pie_input_size(const struct pie_input *in);
/* 1: a URL that brings the picture with it. */
int32_t pie_input_is_data_url(const struct pie_input *in);

/* A copy of what `from` points to replaces what is there. APIPIE_E_MEMORY: all is as before. */
apipie_status pie_input_copy(const struct pie_mem *mem, struct pie_input *to,
                             const struct pie_input *from);
void pie_input_free(const struct pie_mem *mem, struct pie_input *in);

/* Likewise; APIPIE_E_LIMIT when there are APIPIE_LIMIT_IMAGES already. */
apipie_status pie_inputs_add(const struct pie_mem *mem, struct pie_inputs *to,
                             const struct pie_input *from);
apipie_status pie_inputs_add_all(const struct pie_mem *mem, struct pie_inputs *to,
                                 const struct pie_inputs *from);
void pie_inputs_clear(const struct pie_mem *mem, struct pie_inputs *inputs);

#endif
