/* SPDX-License-Identifier: MIT */
/* What a failed reply says, before anybody judges it. */
#ifndef PIE_EXPLAIN_PRIV_H
#define PIE_EXPLAIN_PRIV_H

#include "dialect/dialect.h"

struct pie_complaint {
    struct pie_buf message; /* the server's words */
    char code[96];          /* its code, name or exception */
    char type[96];
    char param[96];
    int32_t html; /* the body is a web page: a gateway or proxy speaks, not the API */
};

void pie_complaint_init(struct pie_complaint *c, const struct pie_mem *mem);
void pie_complaint_free(struct pie_complaint *c);
/* Works through the shapes that servers use, from the most to the least telling. */
void pie_complaint_read(struct pie_complaint *c, const struct pie_reply *reply);
/* The words of a JSON body alone. */
void pie_complaint_read_json(struct pie_complaint *c, const struct pie_node *root);
int32_t pie_complaint_says(const struct pie_complaint *c, const char *const *words);
/* 1 when it is about the number of images, and that more than one is too many. Errs towards 0. */
int32_t pie_complaint_one_image(const struct pie_complaint *c);

#endif
