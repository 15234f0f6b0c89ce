/* SPDX-License-Identifier: MIT */
/* Knows the shapes that Stability's models draw; must not know who serves them. Pure. */
#include "sandbox/wires_priv.h"

static const struct shapes_ratio {
    const char *ratio;
    int32_t width, height;
} shapes_known[] = {
    {"16:9", 1344, 768}, {"21:9", 1536, 640}, {"2:3", 832, 1216},  {"3:2", 1216, 832},
    {"4:5", 896, 1088},  {"5:4", 1088, 896},  {"9:16", 768, 1344}, {"9:21", 640, 1536},
};

void pie_stable_shape(struct pie_slice ratio, int32_t *ret_width, int32_t *ret_height)
{
    *ret_width = *ret_height = 1024;
    for (size_t i = 0; i < PIE_COUNT(shapes_known); i++)
        if (pie_slice_equal(ratio, shapes_known[i].ratio)) {
            *ret_width = shapes_known[i].width;
            *ret_height = shapes_known[i].height;
        }
}

int32_t pie_stable_is_size(int64_t width, int64_t height)
{
    static const int32_t pairs[][2] = {
        {1024, 1024}, {1152, 896}, {1216, 832}, {1344, 768}, {1536, 640},
        {640, 1536},  {768, 1344}, {832, 1216}, {896, 1152},
    };

    for (size_t i = 0; i < PIE_COUNT(pairs); i++)
        if (pairs[i][0] == width && pairs[i][1] == height)
            return 1;
    return 0;
}
