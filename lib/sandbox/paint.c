/* SPDX-License-Identifier: MIT */
/* Knows how a landscape looks: light, air, rock, water, trees. Must not know files, HTTP or money. */
#include "sandbox/sandbox_priv.h"

#include <math.h>

#define PAINT_RIDGES 5 /* 0 is the farthest */
#define PAINT_WOODS  3 /* from this one on they are wooded */
#define PAINT_TREES  16

struct paint_rgb {
    float r, g, b;
};

/* The colours of a time of day, and the words that call for it. */
struct paint_light {
    const char *words[5];
    struct paint_rgb zenith, middle, low, sun, rock, wood;
    float sun_height, night;
};

/* clang-format off */
static const struct paint_light paint_lights[] = {
    {{"sunset", "golden", "evening", "autumn", "fire"}, {.13f, .18f, .40f}, {.66f, .38f, .50f},
     {1.f, .66f, .34f}, {1.f, .91f, .64f}, {.30f, .22f, .34f}, {.09f, .08f, .12f}, .20f, 0.f},
    {{"dawn", "sunrise", "morning", "mist", "pastel"}, {.38f, .52f, .76f}, {.80f, .72f, .82f},
     {1.f, .84f, .70f}, {1.f, .96f, .85f}, {.40f, .40f, .54f}, {.17f, .24f, .26f}, .24f, 0.f},
    {{"night", "star", "moon", "midnight", "space"}, {.012f, .022f, .075f}, {.045f, .08f, .20f},
     {.17f, .25f, .42f}, {.95f, .96f, 1.f}, {.13f, .17f, .28f}, {.02f, .035f, .06f}, .62f, 1.f},
    {{"dusk", "twilight", "cyber", "neon", "purple"}, {.09f, .09f, .27f}, {.38f, .24f, .52f},
     {.95f, .52f, .52f}, {1.f, .82f, .72f}, {.22f, .16f, .35f}, {.06f, .05f, .12f}, .14f, .5f},
    {{"day", "noon", "summer", "blue", "sunny"}, {.13f, .36f, .72f}, {.42f, .66f, .92f},
     {.84f, .92f, .97f}, {1.f, .98f, .90f}, {.36f, .40f, .47f}, {.12f, .25f, .15f}, .62f, 0.f},
};
/* clang-format on */

/* A conifer, in pixels. */
struct paint_tree {
    float x, foot, height;
};

struct pie_scene {
    const struct pie_mem *mem;
    const struct paint_light *light;
    uint32_t seed;
    int32_t width, height;
    float unit, shore, rise;  /* pixels: one length, the far shore, how tall mountains are */
    float sun_x, sun_y, disc; /* pixels */
    float snow, cloud, calm;  /* 0 to 1 */
    float *ridges; /* PAINT_RIDGES times width: where each begins, in pixels from the top */
    struct paint_tree trees[PAINT_TREES];
};

static float paint_clamp(float v)
{
    return v < 0.f ? 0.f : v > 1.f ? 1.f : v;
}

static float paint_step(float from, float to, float v)
{
    float t = paint_clamp((v - from) / (to - from));

    return t * t * (3.f - 2.f * t);
}

static struct paint_rgb paint_mix(struct paint_rgb a, struct paint_rgb b, float t)
{
    t = paint_clamp(t);
    return (struct paint_rgb){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static float paint_hash(uint32_t seed, int32_t x, int32_t y)
{
    uint32_t h = seed ^ (uint32_t)x * 0x8da6b343u ^ (uint32_t)y * 0xd8163841u;

    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return (float)((h ^ h >> 15) >> 8) / 16777216.f;
}

/* Value noise, 0 to 1. */
static float paint_noise(uint32_t seed, float x, float y)
{
    float fx = floorf(x), fy = floorf(y), u = x - fx, v = y - fy;
    int32_t ix = (int32_t)fx, iy = (int32_t)fy;
    float a = paint_hash(seed, ix, iy), b = paint_hash(seed, ix + 1, iy);
    float c = paint_hash(seed, ix, iy + 1), d = paint_hash(seed, ix + 1, iy + 1);

    u = u * u * (3.f - 2.f * u);
    v = v * v * (3.f - 2.f * v);
    return a + (b - a) * u + (c - a) * v + (a - b - c + d) * u * v;
}

/* Octaves of noise; `sharp` folds them up to crests. */
static float paint_fractal(uint32_t seed, float x, float y, int octaves, int sharp)
{
    float sum = 0.f, weight = .5f, total = 0.f;

    for (int i = 0; i < octaves; i++, weight *= .5f) {
        float n = paint_noise(seed + (uint32_t)i * 7919u, x, y);
        float turned = x * 1.6f - y * 1.2f; /* twice as fine, turned to hide the grid */

        sum += weight * (sharp ? 1.f - fabsf(2.f * n - 1.f) : n);
        total += weight;
        y = x * 1.2f + y * 1.6f + 3.7f;
        x = turned;
    }
    return sum / total;
}

static float paint_star(const struct pie_scene *s, float x, float y)
{
    float cell = 80.f / s->unit, sx = x * cell, sy = y * cell;
    int32_t ix = (int32_t)floorf(sx), iy = (int32_t)floorf(sy);
    float h = paint_hash(s->seed ^ 77u, ix, iy), k = paint_hash(s->seed ^ 78u, ix, iy);
    float px = sx - (float)ix - .2f - .6f * k, py = sy - (float)iy - .2f - .6f * h * h;
    float radius = cell * (.6f + 1.4f * k * k * s->unit / 1024.f);

    return h < .6f ? 0.f : paint_clamp(1.f - sqrtf(px * px + py * py) / radius) * (.4f + .6f * h);
}

static struct paint_rgb paint_clouds(const struct pie_scene *s, struct paint_rgb c, float x,
                                     float y, float d)
{
    const struct paint_light *l = s->light;
    float t = y / s->shore, far = 1.25f - t; /* clouds flatten towards the shore */
    float n =
        paint_fractal(s->seed ^ 5u, (x - s->sun_x) / s->unit * 1.3f / far + 9.f, 2.2f / far, 5, 0);
    float cover = paint_step(.60f - s->cloud, .80f - s->cloud, n) * paint_step(1.02f, .80f, t);
    struct paint_rgb lit = paint_mix(l->low, l->sun, .8f / (1.f + d * d * 8.f));
    struct paint_rgb dim = paint_mix(l->middle, l->zenith, .3f);

    lit = paint_mix(lit, dim, paint_step(.62f - s->cloud, .95f - s->cloud, n));
    return paint_mix(c, lit, cover * (l->night >= 1.f ? .35f : .9f));
}

static struct paint_rgb paint_sky(const struct pie_scene *s, float x, float y)
{
    const struct paint_light *l = s->light;
    float t = y / s->shore, dx = (x - s->sun_x) / s->unit, dy = (y - s->sun_y) / s->unit;
    float d = sqrtf(dx * dx + dy * dy), moon = paint_step(.6f, 1.f, l->night);
    struct paint_rgb c =
        paint_mix(paint_mix(l->zenith, l->middle, t * 1.5f), l->low, paint_step(.35f, 1.f, t));

    if (l->night > 0.f)
        c = paint_mix(c, l->sun, paint_star(s, x, y) * l->night * (1.2f - t));
    c = paint_mix(c, l->sun, (.75f - .4f * moon) / (1.f + d * d * 45.f));
    c = paint_clouds(s, c, x, y, d);
    float face =
        1.f - moon * .25f * paint_step(.45f, .65f, paint_fractal(9u, dx * 40.f, dy * 40.f, 3, 0));
    c = paint_mix(c, l->sun, .6f / (1.f + d * d * 400.f));
    return paint_mix(c, l->sun, paint_clamp((s->disc - d * s->unit) * .7f + .5f) * face);
}

/* Rock or wood of one ridge, lit from the sun's side, hazy with distance and at its foot. */
static struct paint_rgb paint_slope(const struct pie_scene *s, int i, float x, float y)
{
    const struct paint_light *l = s->light;
    float near = (float)i / (PAINT_RIDGES - 1), up = (s->shore - y) / s->rise;
    float fx = x / s->unit * 7.f + 31.f * (float)i, fy = y / s->unit * 5.f;
    float side = x < s->sun_x ? .12f : -.12f;
    float n = paint_fractal(s->seed + (uint32_t)i, fx, fy, 5, 1);
    float lit = paint_clamp(
        .42f + 3.2f * (n - paint_fractal(s->seed + (uint32_t)i, fx + side, fy - .10f, 5, 1)));
    struct paint_rgb haze = paint_mix(l->low, l->middle, .45f), c;

    if (i < PAINT_WOODS) {
        struct paint_rgb white =
            paint_mix(paint_mix(l->middle, (struct paint_rgb){.9f, .93f, 1.f}, .45f), l->sun, lit);
        c = paint_mix(paint_mix(l->rock, l->zenith, .5f), paint_mix(l->rock, l->sun, .42f), lit);
        c = paint_mix(c, white,
                      paint_step(.0f, .10f, up + (n - .6f) * .7f - 1.f + s->snow) *
                          (1.f - .6f * l->night));
    } else {
        c = paint_mix(l->wood, paint_mix(l->wood, haze, .35f),
                      lit * paint_noise(s->seed, fx * 9.f, fy * 5.f));
        c = paint_mix(c, (struct paint_rgb){.85f, .9f, .97f},
                      paint_step(.7f, 1.1f, s->snow) * lit * (1.f - .8f * l->night));
    }
    c = paint_mix(c, haze, .70f * (1.f - near) * (1.f - near * .5f));
    return paint_mix(c, haze,
                     .55f * paint_step(.30f - .2f * near, -.02f, up) * (1.f - .55f * near));
}

/* All that stands on the far side of the water, and the sky. */
static struct paint_rgb paint_view(const struct pie_scene *s, float x, float y)
{
    int32_t column = x < 0.f ? 0 : x >= (float)s->width ? s->width - 1 : (int32_t)x;
    const float *ridge = s->ridges + column;
    int first = PAINT_RIDGES - 1; /* the nearest that covers this place wholly */

    while (first >= 0 && y - ridge[first * s->width] < .5f)
        first--;
    struct paint_rgb c = first < 0 ? paint_sky(s, x, y) : paint_slope(s, first, x, y);
    for (int i = first + 1; i < PAINT_RIDGES; i++) {
        float cover = y - ridge[i * s->width] + .5f;
        if (cover > 0.f)
            c = paint_mix(c, paint_slope(s, i, x, y), cover);
    }
    return c;
}

/* The lake: the view upside down, shaken by ripples that grow towards us. */
static struct paint_rgb paint_water(const struct pie_scene *s, float x, float y)
{
    const struct paint_light *l = s->light;
    float d = (y - s->shore) / ((float)s->height - s->shore), wave = 1.f - .55f * s->calm;
    float u = x / s->unit, v = 26.f / (.16f + d); /* rows crowd at the far shore */
    float n = paint_noise(s->seed ^ 21u, u * 9.f / (.2f + d), v) - .5f;
    float m = paint_noise(s->seed ^ 22u, u * 30.f / (.3f + d), v * 3.1f) - .5f;
    float shake = (n * .7f + m * .3f) * wave * paint_step(-.02f, .35f, d) * s->unit;
    struct paint_rgb c = paint_view(s, x + shake * .05f,
                                    s->shore - (y - s->shore) * 1.05f - fabsf(shake) * .12f - 1.f);
    struct paint_rgb deep = paint_mix(l->zenith, (struct paint_rgb){.02f, .06f, .10f}, .5f);
    float away = fabsf(x - s->sun_x) / s->unit, path = paint_step(.05f + .10f * d, 0.f, away);

    c = paint_mix(c, deep, .10f + .42f * d + n * .22f * wave);
    c = paint_mix(c, l->sun, path * paint_step(.08f, .32f, n * .6f + m * .6f) * (.75f - .35f * d));
    return paint_mix(c, paint_mix(l->low, l->middle, .4f), .35f * paint_step(.05f, 0.f, d));
}

/* How much of this place the near trees and the bank cover. */
static float paint_cover(const struct pie_scene *s, float x, float y)
{
    float u = x / s->unit, edge = fabsf(x / (float)s->width * 2.f - 1.f);
    float bank = (float)s->height - s->rise * (.03f + .16f * edge * edge * edge +
                                               .06f * paint_noise(s->seed ^ 31u, u * 5.f, 0.f) +
                                               .05f * paint_noise(s->seed ^ 32u, u * 170.f, 0.f) *
                                                   paint_noise(s->seed ^ 33u, u * 40.f, 0.f));
    float cover = paint_clamp(y - bank + .5f);

    for (int i = 0; i < PAINT_TREES && cover < 1.f; i++) {
        const struct paint_tree *t = &s->trees[i];
        float down = 1.f - (t->foot - y) / t->height, off = fabsf(x - t->x);
        if (down <= 0.f || down > 1.f || off > t->height * .25f)
            continue;
        float tier = down * 9.f, rough = paint_noise(s->seed + (uint32_t)i, x / t->height * 60.f,
                                                     y / t->height * 60.f);
        float wide =
            t->height * .19f * down * (.50f + .5f * (tier - floorf(tier))) * (.65f + .6f * rough);
        cover += paint_clamp((down > .93f ? t->height * .012f : wide) - off + .5f);
    }
    return paint_clamp(cover);
}

void pie_scene_row(const struct pie_scene *s, int32_t row, uint8_t *ret_rgb)
{
    float y = (float)row + .5f;

    for (int32_t i = 0; i < s->width; i++, ret_rgb += 3) {
        float x = (float)i + .5f, cover = paint_cover(s, x, y);
        struct paint_rgb c = s->light->wood;

        if (cover < 1.f)
            c = y < s->shore ? paint_view(s, x, y) : paint_water(s, x, y);
        c = paint_mix(c, paint_mix(s->light->wood, (struct paint_rgb){0.f, 0.f, 0.f}, .55f), cover);
        float grain = paint_hash(s->seed ^ 99u, i, row) - .5f; /* against bands */
        ret_rgb[0] = (uint8_t)(paint_clamp(c.r) * 254.f + .5f + grain * .8f);
        ret_rgb[1] = (uint8_t)(paint_clamp(c.g) * 254.f + .5f + grain * .8f);
        ret_rgb[2] = (uint8_t)(paint_clamp(c.b) * 254.f + .5f + grain * .8f);
    }
}

static int paint_says(struct pie_slice prompt, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pie_slice_find_nocase(prompt, words[i]) < prompt.n)
            return 1;
    return 0;
}

static const struct paint_light *paint_light_for(struct pie_slice prompt, uint32_t seed)
{
    for (size_t i = 0; i < PIE_COUNT(paint_lights); i++)
        if (paint_says(prompt, paint_lights[i].words, PIE_COUNT(paint_lights[i].words)))
            return &paint_lights[i];
    return &paint_lights[seed % PIE_COUNT(paint_lights)];
}

/* Far ones are sharp and leave a gap where the sun stands; near ones are low and wooded. */
static float paint_ridge(const struct pie_scene *s, int i, float x)
{
    float u = x / s->unit, near = (float)i / (PAINT_RIDGES - 1), k = (float)i * 17.3f;
    float away = paint_step(0.f, .45f - .3f * near, fabsf(x - s->sun_x) / s->unit);
    float shape = paint_fractal(s->seed ^ 41u, u * (2.2f + near) + k, k, i < PAINT_WOODS ? 7 : 4,
                                i < PAINT_WOODS);
    float tall = (1.f - .88f * near) * (.35f + .65f * away) * (.15f + shape);

    if (i >= PAINT_WOODS) {
        float cell = u * (70.f + 50.f * (1.f - near)), at = cell - floorf(cell);
        tall += (1.f - fabsf(at * 2.f - 1.f)) *
                (.03f + .06f * paint_hash(s->seed ^ 51u, (int32_t)floorf(cell), i));
    }
    return s->shore - s->rise * tall;
}

static void paint_plant(struct pie_scene *s, int wood)
{
    for (int i = 0; i < PAINT_TREES; i++) {
        float a = paint_hash(s->seed ^ 61u, i, 0), b = paint_hash(s->seed ^ 62u, i, 0);
        float in = a * a * (wood ? .42f : .26f) - .02f; /* crowd at the sides */
        struct paint_tree *t = &s->trees[i];

        t->x = (float)s->width * (i % 3 == (int)(s->seed % 2u) ? 1.f - in : in);
        t->height = s->rise * (.35f + 1.f * b) * (1.25f - a * .9f);
        t->foot = (float)s->height - s->rise * .02f;
        if (!wood && i >= PAINT_TREES / 2)
            t->height *= .3f;
    }
}

struct pie_scene *pie_scene_free(struct pie_scene *s)
{
    if (s == NULL)
        return NULL;
    pie_mem_free(s->mem, s->ridges);
    return pie_mem_free(s->mem, s);
}

struct pie_scene *pie_scene_new(const struct pie_mem *mem, int32_t width, int32_t height,
                                struct pie_slice prompt, uint32_t seed)
{
    static const char *const snowy[] = {"snow", "winter", "ice", "arctic", "frost"};
    static const char *const woody[] = {"forest", "tree", "wood", "jungle", "pine"};
    static const char *const stormy[] = {"storm", "cloud", "rain", "ocean", "sea"};
    struct pie_scene *s = pie_mem_new(mem, 1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->mem = mem;
    s->seed = seed;
    s->width = width;
    s->height = height;
    s->light = paint_light_for(prompt, seed);
    s->unit = sqrtf((float)width * (float)height);
    s->shore = (float)height * (.58f + .06f * paint_hash(seed, 1, 0));
    s->rise = .38f * sqrtf(s->unit * (float)height);
    s->sun_x = (float)width * (.36f + .28f * paint_hash(seed, 2, 0));
    s->sun_y = s->shore * (1.f - s->light->sun_height);
    s->disc = .045f * s->unit;
    s->snow =
        paint_says(prompt, snowy, PIE_COUNT(snowy)) ? 1.f : .32f + .2f * paint_hash(seed, 3, 0);
    s->cloud =
        paint_says(prompt, stormy, PIE_COUNT(stormy)) ? .25f : .08f + .1f * paint_hash(seed, 4, 0);
    s->calm = paint_says(prompt, stormy, PIE_COUNT(stormy)) ? 0.f : 1.f;
    s->ridges = pie_mem_new(mem, (size_t)width * PAINT_RIDGES, sizeof(float));
    if (s->ridges == NULL)
        return pie_scene_free(s);
    for (int i = 0; i < PAINT_RIDGES; i++)
        for (int32_t x = 0; x < width; x++)
            s->ridges[i * width + x] = paint_ridge(s, i, (float)x + .5f);
    paint_plant(s, paint_says(prompt, woody, PIE_COUNT(woody)));
    return s;
}
