/* SPDX-License-Identifier: MIT */
/* What must hold of every record of a reply. All fail the test where it does not; name is for the words then. */
#ifndef FLOW_NEED_H
#define FLOW_NEED_H

#include "record.h"

/* All bytes at once. */
void record_all(const struct record *what, const char *p, size_t n, struct pie_buf *out);
/* What stands behind "rest: ". */
struct pie_slice record_rest(const struct pie_buf *whole);
void need_same(const struct pie_buf *whole, const struct pie_buf *pieces, const char *name,
               size_t first, size_t step);
/* However the reply is cut, the record is that one. */
void need_same_in_pieces(const struct record *what, const char *name, const char *p, size_t n,
                         const struct pie_buf *whole);
int32_t record_holds(const struct pie_buf *b, const char *part);
void need_holds(const struct pie_buf *b, const char *name, const char *part);
/* The promise: whatever came, the rest of a JSON reply can be read. */
void need_readable(const struct pie_buf *whole, const char *name);
/* As plain JSON; NULL: not looked at. */
void need_rest(const struct pie_buf *whole, const char *rest);

#endif
