/* SPDX-License-Identifier: MIT */
/* Knows which words call for which light and weather; must not know where anything stands in the picture. */
#include "sandbox/sandbox_priv.h"

#define LIGHT_WORDS 6

/* In the order of struct pie_light; what the words add comes later. */
static const struct light_of_day {
    const char *words[LIGHT_WORDS];
    struct pie_light light;
} light_times[] = {
    {{"sunset", "golden", "evening", "autumn", "fire", "warm"},
     {{.13f, .18f, .40f},
      {.66f, .38f, .50f},
      {1.f, .66f, .34f},
      {1.f, .91f, .64f},
      {.28f, .21f, .34f},
      {.09f, .08f, .12f},
      .20f,
      .046f,
      0.f,
      0,
      0,
      0,
      0}},
    {{"dawn", "sunrise", "morning", "mist", "pastel", "spring"},
     {{.38f, .52f, .76f},
      {.80f, .72f, .82f},
      {1.f, .84f, .70f},
      {1.f, .96f, .85f},
      {.38f, .38f, .53f},
      {.17f, .24f, .26f},
      .24f,
      .040f,
      0.f,
      0,
      0,
      0,
      0}},
    {{"night", "star", "moon", "midnight", "space", "dark"},
     {{.012f, .022f, .075f},
      {.045f, .08f, .20f},
      {.17f, .25f, .42f},
      {.95f, .96f, 1.f},
      {.13f, .17f, .28f},
      {.02f, .035f, .06f},
      .62f,
      .042f,
      1.f,
      0,
      0,
      0,
      0}},
    {{"dusk", "twilight", "cyber", "neon", "purple", "dream"},
     {{.09f, .09f, .27f},
      {.38f, .24f, .52f},
      {.95f, .52f, .52f},
      {1.f, .82f, .72f},
      {.22f, .16f, .35f},
      {.06f, .05f, .12f},
      .16f,
      .042f,
      .5f,
      0,
      0,
      0,
      0}},
    {{"day", "noon", "summer", "blue", "sunny", "green"},
     {{.13f, .36f, .72f},
      {.42f, .66f, .92f},
      {.84f, .92f, .97f},
      {1.f, .98f, .90f},
      {.35f, .39f, .46f},
      {.11f, .23f, .14f},
      .66f,
      .028f,
      0.f,
      0,
      0,
      0,
      0}},
};

static int32_t light_says(struct pie_slice prompt, const char *const words[LIGHT_WORDS])
{
    for (size_t i = 0; i < LIGHT_WORDS; i++)
        if (pie_slice_find_nocase(prompt, words[i]) < prompt.n)
            return 1;
    return 0;
}

struct pie_light pie_light_for(struct pie_slice prompt, uint32_t seed)
{
    static const char *const snow[] = {"snow", "winter", "ice", "arctic", "frost", "alps"};
    static const char *const wood[] = {"forest", "tree", "wood", "jungle", "pine", "bear"};
    static const char *const wind[] = {"storm", "cloud", "rain", "ocean", "sea", "wave"};
    static const char *const flat[] = {"ocean", "sea", "beach", "island", "coast", "plain"};
    size_t i = 0;
    struct pie_light light;

    while (i < PIE_COUNT(light_times) && !light_says(prompt, light_times[i].words))
        i++;
    light = light_times[i < PIE_COUNT(light_times) ? i : seed % PIE_COUNT(light_times)].light;
    light.snow = light_says(prompt, snow);
    light.wood_near = light_says(prompt, wood);
    light.wind = light_says(prompt, wind);
    light.flat = light_says(prompt, flat);
    return light;
}
