/* SPDX-License-Identifier: MIT */
/* What the body path found at one image path of a reply. */
#ifndef PIE_PART_H
#define PIE_PART_H

#include "base/base.h"

/* Places in a reply where a picture may stand, as a dialect names them. "data[].b64_json": object keys joined by
 * '.', "[]" any index; "[]" alone first means a bare array. The list ends with NULL. */
enum {
    PIE_PATH_IMAGE = 1, /* base64 first: http(s) and data: are recognised too */
    PIE_PATH_URL = 2,   /* a url first: data: is decoded, everything else is a url */
    PIE_PATH_NAME = 3   /* no picture: what the event calls itself; it stays where it is */
};

struct pie_path {
    const char *path;
    int32_t kind;
};

/* What an event of a stream is, by how its name ends; all others are what they say. The list ends with NULL. */
enum {
    PIE_EVENT_PARTIAL = 1, /* its picture is a sketch of one that is still drawn */
    PIE_EVENT_ERROR = 2    /* the stream failed; the data says why, or only its text */
};

struct pie_event {
    const char *ends;
    int32_t kind;
};

/* How the events of a stream are read: paths within the data of each. A picture's first index is then the image that it is: events
 * that brought one are counted. */
struct pie_stream {
    const struct pie_path *paths;
    const struct pie_event *events;
};

#define PIE_PATH_INDICES 4 /* most "[]" in a path */
#define PIE_SLOT_NONE    UINT32_MAX

enum {
    PIE_PART_NULL = 1,  /* null, false, a number, an object: no string */
    PIE_PART_EMPTY = 2, /* "" or only blanks */
    PIE_PART_URL = 3,   /* url holds it */
    PIE_PART_IMAGE = 4, /* whole bytes lie in the sink's slot */
    PIE_PART_BROKEN = 5 /* began and is no good: problem and status say why */
};

struct pie_part {
    int32_t kind; /* PIE_PART_* */
    int32_t path; /* index into the dialect's list */
    uint32_t index[PIE_PATH_INDICES];
    int32_t event;    /* of a stream: the element of the rest that it stood in; -1 */
    uint32_t slot;    /* PIE_SLOT_NONE without bytes */
    char *url;        /* owned */
    uint64_t size;    /* decoded bytes */
    const char *mime; /* static, by magic bytes */
    int32_t width, height;
    apipie_status status; /* of a broken one */
    char problem[96];     /* of a broken one */
};

#endif
