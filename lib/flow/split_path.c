/* SPDX-License-Identifier: MIT */
/* Knows how a path such as "data[].b64_json" is taken apart; must not know what JSON looks like. */
#include "flow/split_priv.h"

#define SPLIT_PATH_ELEMENT "[]"

/* Part number k: "[]" or a key; 0 when the path ends before. */
static int32_t split_path_part(const char *path, uint32_t k, struct pie_slice *ret)
{
    const char *at = path;
    for (;;) {
        if (*at == '.')
            at++;
        if (*at == '\0')
            return 0;
        size_t n = *at == '[' ? 2 : strcspn(at, ".[");
        if (k == 0) {
            *ret = pie_slice(at, n);
            return 1;
        }
        at += n;
        k--;
    }
}

uint32_t pie_split_path_all(const struct pie_path *paths)
{
    uint32_t all = 0;
    for (uint32_t i = 0; paths != NULL && i < PIE_SPLIT_PATHS && paths[i].path != NULL; i++)
        all |= (uint32_t)1 << i;
    return all;
}

/* 1 when path number i is one of `alive`; i is below PIE_SPLIT_PATHS. */
static int32_t split_path_lives(uint32_t alive, uint32_t i)
{
    return (alive >> i & 1) != 0;
}

uint32_t pie_split_path_key(const struct pie_path *paths, uint32_t alive, uint32_t depth,
                            struct pie_slice key)
{
    uint32_t left = 0;
    struct pie_slice part;
    for (uint32_t i = 0; i < PIE_SPLIT_PATHS && alive >> i != 0; i++) {
        if (!split_path_lives(alive, i) || !split_path_part(paths[i].path, depth, &part))
            continue;
        if (part.p[0] != '[' && part.n == key.n && memcmp(part.p, key.p, key.n) == 0)
            left |= (uint32_t)1 << i;
    }
    return left;
}

uint32_t pie_split_path_element(const struct pie_path *paths, uint32_t alive, uint32_t depth)
{
    uint32_t left = 0;
    struct pie_slice part;
    for (uint32_t i = 0; i < PIE_SPLIT_PATHS && alive >> i != 0; i++) {
        if (split_path_lives(alive, i) && split_path_part(paths[i].path, depth, &part) &&
            pie_slice_equal(part, SPLIT_PATH_ELEMENT))
            left |= (uint32_t)1 << i;
    }
    return left;
}

int32_t pie_split_path_end(const struct pie_path *paths, uint32_t alive, uint32_t depth)
{
    struct pie_slice part;
    for (uint32_t i = 0; i < PIE_SPLIT_PATHS && alive >> i != 0; i++) {
        if (split_path_lives(alive, i) && !split_path_part(paths[i].path, depth, &part))
            return (int32_t)i;
    }
    return -1;
}

int32_t pie_split_path_goes_on(const struct pie_path *paths, uint32_t alive, uint32_t depth,
                               int32_t object)
{
    struct pie_slice part;
    for (uint32_t i = 0; i < PIE_SPLIT_PATHS && alive >> i != 0; i++) {
        if (split_path_lives(alive, i) && split_path_part(paths[i].path, depth, &part) &&
            (part.p[0] != '[') == object)
            return 1;
    }
    return 0;
}
