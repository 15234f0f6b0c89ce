/* SPDX-License-Identifier: MIT */
/* Knows randomness that is the same at every look; must not know what it is used for. */
#include "sandbox/sandbox_priv.h"

#include <math.h>

float pie_hash(uint32_t seed, int32_t x, int32_t y)
{
    uint32_t h = seed ^ (uint32_t)x * 0x8da6b343u ^ (uint32_t)y * 0xd8163841u;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return (float)((h ^ h >> 15) >> 8) / 16777216.f;
}

float pie_noise(uint32_t seed, float x, float y)
{
    float fx = floorf(x), fy = floorf(y), u = x - fx, v = y - fy;
    int32_t ix = (int32_t)fx, iy = (int32_t)fy;
    float a = pie_hash(seed, ix, iy), b = pie_hash(seed, ix + 1, iy);
    float c = pie_hash(seed, ix, iy + 1), d = pie_hash(seed, ix + 1, iy + 1);
    u = u * u * (3.f - 2.f * u);
    v = v * v * (3.f - 2.f * v);
    return a + (b - a) * u + (c - a) * v + (a - b - c + d) * u * v;
}

float pie_fractal(uint32_t seed, float x, float y, int32_t octaves, int32_t sharp)
{
    float sum = 0.f, weight = .5f, total = 0.f;
    for (int32_t i = 0; i < octaves; i++, weight *= .5f) {
        float n = pie_noise(seed + (uint32_t)i * 7919u, x, y);
        float turned = x * 1.6f - y * 1.2f; /* twice as fine, turned to hide the grid */
        sum += weight * (sharp ? 1.f - fabsf(2.f * n - 1.f) : n);
        total += weight;
        y = x * 1.2f + y * 1.6f + 3.7f;
        x = turned;
    }
    return sum / total;
}
