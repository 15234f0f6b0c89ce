/* SPDX-License-Identifier: MIT */
/* Knows how a landscape looks: air, rock, water, trees. Must not know words, files, HTTP or money. */
#include "sandbox/sandbox_priv.h"

#include <math.h>

#define PAINT_RIDGES 5 /* 0 is the farthest */
#define PAINT_WOODS  3 /* from this one on they are wooded */
#define PAINT_TREES  16

struct paint_tree { /* in pixels */
    float x, foot, height;
};

struct pie_scene {
    const struct pie_mem *mem;
    struct pie_light light;
    uint32_t seed;
    int32_t width, height;
    float unit, shore, rise; /* pixels: one length, the far shore, how tall mountains are */
    float sun_x, sun_y;      /* pixels */
    float snow, cloud, wave;
    float *ridges; /* PAINT_RIDGES times width: where each begins, in pixels from the top */
    struct paint_tree trees[PAINT_TREES];
};

static const struct pie_rgb paint_white = {.92f, .95f, 1.f}, paint_black = {0.f, 0.f, 0.f};

static float paint_clamp(float v)
{
    return v < 0.f ? 0.f : v > 1.f ? 1.f : v;
}

static float paint_step(float from, float to, float v)
{
    float t = paint_clamp((v - from) / (to - from));
    return t * t * (3.f - 2.f * t);
}

static struct pie_rgb paint_mix(struct pie_rgb a, struct pie_rgb b, float t)
{
    t = paint_clamp(t);
    return (struct pie_rgb){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static float paint_star(const struct pie_scene *s, float x, float y)
{
    float cell = 60.f / s->unit, sx = floorf(x * cell), sy = floorf(y * cell);
    float h = pie_hash(s->seed ^ 77u, (int32_t)sx, (int32_t)sy);
    float k = pie_hash(s->seed ^ 78u, (int32_t)sx, (int32_t)sy);
    float dx = x * cell - sx - .2f - .6f * k, dy = y * cell - sy - .2f - .6f * h;
    float radius = cell * (.7f + 1.5f * k * k * k * s->unit / 1024.f);
    return paint_clamp(1.f - sqrtf(dx * dx + dy * dy) / radius) * paint_step(.4f, 1.f, h);
}

static struct pie_rgb paint_clouds(const struct pie_scene *s, struct pie_rgb c, float x, float y,
                                   float d)
{
    const struct pie_light *l = &s->light;
    float t = y / s->shore, far = 1.22f - t; /* they flatten towards the shore */
    float u = (x - s->sun_x) / s->unit * 1.4f / far + 9.f, glow = .85f / (1.f + d * d * 9.f);
    float n = pie_fractal(s->seed ^ 5u, u, 2.4f / far, 6, 0) - s->cloud;
    struct pie_rgb lit = paint_mix(paint_mix(l->middle, l->low, .6f), l->sun, glow);
    struct pie_rgb dim = paint_mix(l->middle, l->zenith, .30f);
    float cover = paint_step(.46f, .66f, n) * paint_step(1.02f, .75f, t);
    return paint_mix(c, paint_mix(lit, dim, paint_step(.48f, .80f, n)),
                     cover * (.9f - .55f * paint_step(.6f, 1.f, l->night)));
}

static struct pie_rgb paint_sky(const struct pie_scene *s, float x, float y)
{
    const struct pie_light *l = &s->light;
    float t = y / s->shore, dx = (x - s->sun_x) / s->unit, dy = (y - s->sun_y) / s->unit;
    float d = sqrtf(dx * dx + dy * dy), moon = paint_step(.6f, 1.f, l->night), face = 1.f;
    struct pie_rgb c =
        paint_mix(paint_mix(l->zenith, l->middle, t * 1.5f), l->low, paint_step(.35f, 1.f, t));
    if (l->night > 0.f)
        c = paint_mix(c, l->sun, paint_star(s, x, y) * l->night * (1.3f - t));
    c = paint_mix(c, l->sun, (.75f - .45f * moon) / (1.f + d * d * 45.f));
    c = paint_clouds(s, c, x, y, d);
    c = paint_mix(c, l->sun, (.62f - .2f * moon) / (1.f + d * d * 420.f));
    if (moon > 0.f && d < .06f)
        face -= .3f * paint_step(.42f, .66f, pie_fractal(9u, dx * 40.f, dy * 40.f, 4, 0));
    return paint_mix(c, l->sun, paint_clamp((l->sun_size - d) * s->unit * .7f + .5f) * face);
}

/* Rock or wood of one ridge, lit from the sun's side, hazy with distance and at its foot. */
static struct pie_rgb paint_slope(const struct pie_scene *s, int i, float x, float y)
{
    const struct pie_light *l = &s->light;
    float near = (float)i / (PAINT_RIDGES - 1), up = (s->shore - y) / s->rise;
    float fx = x / s->unit * 7.f + 31.f * (float)i, fy = y / s->unit * 5.f;
    float side = x < s->sun_x ? .10f : -.10f, night = l->night;
    float n = pie_fractal(s->seed + (uint32_t)i, fx, fy, 6, 1);
    float m = pie_fractal(s->seed + (uint32_t)i, fx + side, fy - .08f, 6, 1);
    float lit = paint_clamp(.40f + 3.4f * (n - m));
    struct pie_rgb haze = paint_mix(l->low, l->middle, .45f), c;
    if (i < PAINT_WOODS) {
        struct pie_rgb cold = paint_mix(paint_mix(l->middle, paint_white, .4f), l->rock, night);
        struct pie_rgb warm = paint_mix(l->sun, paint_white, .2f);
        float snow = paint_step(0.f, .22f, up + n - 1.62f + s->snow);
        c = paint_mix(paint_mix(l->rock, l->zenith, .5f), paint_mix(l->rock, l->low, .48f), lit);
        c = paint_mix(c, paint_mix(cold, warm, lit * (1.f - .6f * night)), .92f * snow);
    } else {
        c = paint_mix(l->wood, haze, .30f * lit * pie_noise(s->seed, fx * 12.f, fy * 3.f));
        c = paint_mix(c, paint_mix(paint_white, l->wood, .7f * night), (float)l->snow * lit * .5f);
    }
    c = paint_mix(c, haze, .66f * (1.f - near) * (1.f - near * .5f));
    return paint_mix(c, haze, .55f * paint_step(.30f - .2f * near, -.02f, up) * (1.f - .6f * near));
}

/* All that stands on the far side of the water, and the sky. */
static struct pie_rgb paint_view(const struct pie_scene *s, float x, float y)
{
    int32_t column = x < 0.f ? 0 : x >= (float)s->width ? s->width - 1 : (int32_t)x;
    const float *ridge = s->ridges + column;
    int first = PAINT_RIDGES - 1; /* the nearest that covers this place wholly */
    while (first >= 0 && y - ridge[first * s->width] < .5f)
        first--;
    struct pie_rgb c = first < 0 ? paint_sky(s, x, y) : paint_slope(s, first, x, y);
    for (int i = first + 1; i < PAINT_RIDGES; i++) {
        float cover = y - ridge[i * s->width] + .5f;
        if (cover > 0.f)
            c = paint_mix(c, paint_slope(s, i, x, y), cover);
    }
    return c;
}

/* The lake: the view upside down, shaken by ripples that grow towards us. */
static struct pie_rgb paint_water(const struct pie_scene *s, float x, float y)
{
    const struct pie_light *l = &s->light;
    float d = (y - s->shore) / ((float)s->height - s->shore), u = x / s->unit;
    float v = 26.f / (.16f + d); /* rows crowd at the far shore */
    float n = pie_noise(s->seed ^ 21u, u * 9.f / (.2f + d), v) - .5f;
    float m = pie_noise(s->seed ^ 22u, u * 30.f / (.3f + d), v * 3.1f) - .5f;
    float shake = (n * .7f + m * .3f) * s->wave * paint_step(-.02f, .35f, d) * s->unit;
    float up = s->shore - (y - s->shore) * 1.05f - fabsf(shake) * .12f - 1.f;
    struct pie_rgb c = paint_view(s, x + shake * .05f, up < 0.f ? 0.f : up);
    struct pie_rgb deep = paint_mix(l->zenith, (struct pie_rgb){.02f, .06f, .10f}, .5f);
    float path = paint_step(.05f + .10f * d, 0.f, fabsf(x - s->sun_x) / s->unit);
    c = paint_mix(c, deep, .10f + .42f * d + n * .22f * s->wave);
    c = paint_mix(c, l->sun, path * paint_step(.08f, .32f, (n + m) * .6f) * (.75f - .35f * d));
    return paint_mix(c, paint_mix(l->low, l->middle, .4f), .30f * paint_step(.05f, 0.f, d));
}

static float paint_tree_cover(const struct pie_scene *s, int i, float x, float y)
{
    const struct paint_tree *t = &s->trees[i];
    float down = 1.f - (t->foot - y) / t->height, off = fabsf(x - t->x), tier = down * 9.f;
    if (down <= 0.f || down > 1.f || off > t->height * .22f + 1.f)
        return 0.f;
    float rough = pie_noise(s->seed + (uint32_t)i, x < t->x ? 0.f : 9.f, y / t->height * 70.f);
    float wide = .19f * down * (.45f + .55f * (tier - floorf(tier))) * (.6f + .6f * rough);
    return paint_clamp((down > .95f ? .012f : wide) * t->height - off + .5f);
}

/* How much of this place the near trees and the bank cover. */
static float paint_cover(const struct pie_scene *s, float x, float y)
{
    float u = x / s->unit, edge = fabsf(x / (float)s->width * 2.f - 1.f);
    float grass =
        pie_noise(s->seed ^ 32u, u * 170.f, 0.f) * pie_noise(s->seed ^ 33u, u * 40.f, 0.f);
    float bank = .03f + .16f * edge * edge * edge + .06f * pie_noise(s->seed ^ 31u, u * 5.f, 0.f);
    float cover = paint_clamp(y - (float)s->height + s->rise * (bank + .05f * grass) + .5f);
    for (int i = 0; i < PAINT_TREES && cover < 1.f; i++)
        cover += paint_tree_cover(s, i, x, y);
    return paint_clamp(cover);
}

void pie_scene_row(const struct pie_scene *s, int32_t row, uint8_t *ret_rgb)
{
    float y = (float)row + .5f;
    for (int32_t i = 0; i < s->width; i++, ret_rgb += 3) {
        float x = (float)i + .5f, cover = paint_cover(s, x, y);
        float grain = pie_hash(s->seed ^ 99u, i, row) * .8f + .1f; /* against bands */
        struct pie_rgb c = paint_black;
        if (cover < 1.f)
            c = y < s->shore ? paint_view(s, x, y) : paint_water(s, x, y);
        c = paint_mix(c, paint_mix(s->light.wood, paint_black, .55f), cover);
        ret_rgb[0] = (uint8_t)(paint_clamp(c.r) * 254.f + grain);
        ret_rgb[1] = (uint8_t)(paint_clamp(c.g) * 254.f + grain);
        ret_rgb[2] = (uint8_t)(paint_clamp(c.b) * 254.f + grain);
    }
}

/* Far ones are sharp and leave a gap where the sun stands; near ones are low and wooded. */
static float paint_ridge(const struct pie_scene *s, int i, float x)
{
    float u = x / s->unit, near = (float)i / (PAINT_RIDGES - 1), k = (float)i * 17.3f;
    int wooded = i >= PAINT_WOODS;
    float away = paint_step(0.f, .5f - .3f * near, fabsf(x - s->sun_x) / s->unit);
    float shape = pie_fractal(s->seed ^ 41u, u * (2.3f + near) + k, k, wooded ? 4 : 8, !wooded);
    float body = .15f + (wooded ? shape : shape * (.35f + .75f * shape));
    float tall = (1.f - .88f * near) * (.30f + .70f * away) * body;
    if (wooded) {
        float cell = u * (120.f - 50.f * near), at = cell - floorf(cell);
        float tree = .03f + .06f * pie_hash(s->seed ^ 51u, (int32_t)floorf(cell), i);
        tall += (1.f - fabsf(at * 2.f - 1.f)) * tree;
    }
    return s->shore - s->rise * tall * (s->light.flat && !wooded ? .35f : 1.f);
}

static void paint_plant(struct pie_scene *s)
{
    for (int i = 0; i < PAINT_TREES; i++) {
        float a = pie_hash(s->seed ^ 61u, i, 0), b = pie_hash(s->seed ^ 62u, i, 0);
        float in = a * a * (s->light.wood_near ? .42f : .26f) - .02f; /* they crowd at the sides */
        struct paint_tree *t = &s->trees[i];
        t->x = (float)s->width * (i % 3 == (int)(s->seed % 2u) ? 1.f - in : in);
        t->height = fminf(s->rise, .5f * (float)s->width) * (.35f + b) * (1.25f - a * .9f);
        t->foot = (float)s->height - s->rise * .02f;
        if (!s->light.wood_near && i >= PAINT_TREES / 2)
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
    struct pie_scene *s = pie_mem_new(mem, 1, sizeof(*s));
    if (s == NULL)
        return NULL;
    *s = (struct pie_scene){.mem = mem, .seed = seed, .width = width, .height = height};
    s->light = pie_light_for(prompt, seed);
    s->unit = sqrtf((float)width * (float)height);
    s->shore = (float)height * (.57f + .07f * pie_hash(seed, 1, 0));
    s->rise = .40f * sqrtf(s->unit * (float)height);
    s->sun_x = (float)width * (.32f + .36f * pie_hash(seed, 2, 0));
    s->sun_y = s->shore * (1.f - s->light.sun_height);
    s->snow = s->light.snow ? .95f : .36f + .24f * pie_hash(seed, 3, 0);
    s->cloud = s->light.wind ? -.14f : .02f - .10f * pie_hash(seed, 4, 0);
    s->wave = s->light.wind ? 1.1f : .45f;
    s->ridges = pie_mem_new(mem, (size_t)width * PAINT_RIDGES, sizeof(float));
    if (s->ridges == NULL)
        return pie_scene_free(s);
    for (int i = 0; i < PAINT_RIDGES; i++)
        for (int32_t x = 0; x < width; x++)
            s->ridges[i * width + x] = paint_ridge(s, i, (float)x + .5f);
    paint_plant(s);
    return s;
}
