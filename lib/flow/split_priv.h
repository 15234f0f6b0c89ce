/* SPDX-License-Identifier: MIT */
/* The splitter: reads JSON in any chunks, sends the strings at image paths on as they come, all else to the rest. */
#ifndef PIE_SPLIT_PRIV_H
#define PIE_SPLIT_PRIV_H

#include "flow/flow.h"
#include "flow/rest_priv.h"

#define PIE_SPLIT_PATHS 32  /* most paths in a list; further ones are not looked at */
#define PIE_SPLIT_WORD  512 /* longest number */
#define PIE_SPLIT_KEY   256 /* longest key that can match, and what is kept of a longer one */

/* Who gets what stands at the image paths. A failure ends the parse: memory only. */
struct pie_split_out {
    /* A string begins at path number `path`. */
    apipie_status (*begin)(void *user, int32_t path, const uint32_t index[PIE_PATH_INDICES]);
    apipie_status (*text)(void *user, const char *p, size_t n); /* unescaped */
    apipie_status (*end)(void *user, int32_t whole);
    /* null, a number, true, an object stands there. */
    apipie_status (*nothing)(void *user, int32_t path, const uint32_t index[PIE_PATH_INDICES]);
    /* A string at a path of PIE_PATH_NAME, which stands in the rest too. NULL: there is no such path. */
    void (*name)(void *user, struct pie_slice name);
};

/* What a string is. */
enum { PIE_SPLIT_IS_KEY, PIE_SPLIT_IS_REST, PIE_SPLIT_IS_PICTURE, PIE_SPLIT_IS_NAME };

struct pie_split_level {
    uint32_t alive; /* paths that lead here, a bit each */
    uint32_t index; /* of the element at hand, in an array */
    uint8_t object;
};

struct pie_split {
    const struct pie_path *paths; /* NULL: none */
    const struct pie_split_out *out;
    void *user;
    struct pie_rest rest;
    struct pie_damage damage;
    apipie_status failed;

    const char *chunk; /* the bytes at hand, and where they stand in the body */
    uint64_t chunk_at;

    int32_t state;
    uint32_t depth;
    struct pie_split_level level[PIE_DEPTH_MAX];
    uint32_t alive; /* paths that lead to the value at hand */

    int32_t string;            /* PIE_SPLIT_IS_*: the string at hand */
    uint32_t escape;           /* 0, or how far an escape has come */
    uint32_t code;             /* of a \u escape */
    uint32_t high;             /* first half of a surrogate pair, waits */
    char word[PIE_SPLIT_WORD]; /* a key, a number or literal, or a name */
    size_t word_n;             /* its true length */
    uint64_t value_at;         /* where in the body the value at hand begins */

    uint64_t skip_depth; /* brackets open in what lies too deep */
    int32_t skip_string; /* 1 in a string there, 2 behind a backslash */
};

/* `at`: where in the body the first byte stands, for the damage report. */
void pie_split_init(struct pie_split *s, const struct pie_path *paths,
                    const struct pie_split_out *out, void *user, struct pie_buf *rest, uint64_t at);
/* APIPIE_OK, or APIPIE_E_MEMORY from out or the rest. Damage is no failure. */
apipie_status pie_split_write(struct pie_split *s, const char *p, size_t n);
/* No more bytes come. Closes what is open. */
apipie_status pie_split_finish(struct pie_split *s);
/* For those who read on behind the splitter: only the first damage is kept. */
void pie_damage_note(struct pie_damage *d, uint64_t offset, const char *what);

/* ---- between the files of the splitter */

void pie_split_damage(struct pie_split *s, const char *at, const char *what);
void pie_split_check(struct pie_split *s, apipie_status status);
void pie_split_word_add(struct pie_split *s, const char *p, size_t n);
/* Sends the unescaped text of the string at hand where it belongs. Returns its closing quote, or end. */
const char *pie_split_string(struct pie_split *s, const char *at, const char *end);

/* All paths, a bit each. */
uint32_t pie_split_path_all(const struct pie_path *paths);
/* Those of `alive` whose part number `depth` is this key, or "[]" for an element. */
uint32_t pie_split_path_key(const struct pie_path *paths, uint32_t alive, uint32_t depth,
                            struct pie_slice key);
uint32_t pie_split_path_element(const struct pie_path *paths, uint32_t alive, uint32_t depth);
/* The first of `alive` that ends after `depth` parts, -1 when there is none. */
int32_t pie_split_path_end(const struct pie_path *paths, uint32_t alive, uint32_t depth);
/* 1 when one of `alive` goes on after `depth` parts into an array (or, for `object`, an object). */
int32_t pie_split_path_goes_on(const struct pie_path *paths, uint32_t alive, uint32_t depth,
                               int32_t object);

#endif
