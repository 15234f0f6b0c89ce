/* SPDX-License-Identifier: MIT */
/* Knows what the sandbox pretends to charge and to take: round figures of our own, but for the one that APIpie's
 * page shows (prodia, 1024x1024: 0.008 dollars, 5200 ms). Must not know requests. */
#include "sandbox/sandbox_priv.h"

static const struct price_list {
    const char *provider;
    int64_t micro, ms; /* of a standard picture of up to a megapixel */
} price_lists[] = {
    {"prodia", 8000, 5200},    {"bedrock", 36000, 4100}, {"deepinfra", 4000, 3400},
    {"together", 10000, 2600}, {"openai", 40000, 9800},
};

/* In tenths, by area: 512x512, 1024x1024, 1024x1792, 2048x2048. */
static int64_t price_tenths(int32_t width, int32_t height)
{
    int64_t area = (int64_t)width * height;

    if (area <= 512 * 512)
        return 5;
    if (area <= 1024 * 1024)
        return 10;
    return area <= 1024 * 1792 ? 15 : 25;
}

static const struct price_list *price_find(const char *provider)
{
    for (size_t i = 0; i < PIE_COUNT(price_lists); i++)
        if (strcmp(price_lists[i].provider, provider) == 0)
            return &price_lists[i];
    return &price_lists[0];
}

int64_t pie_price_cost(const char *provider, int32_t width, int32_t height, int32_t hd)
{
    return price_find(provider)->micro * price_tenths(width, height) / 10 * (hd ? 2 : 1);
}

int64_t pie_price_latency(const char *provider, int32_t width, int32_t height, int32_t hd)
{
    return price_find(provider)->ms * price_tenths(width, height) / 10 * (hd ? 2 : 1);
}

void pie_price_write(int64_t microdollars, struct pie_buf *out)
{
    int64_t part = microdollars % 1000000;

    pie_buf_add_int(out, microdollars / 1000000);
    pie_buf_add_char(out, '.');
    for (int64_t digit = 100000; digit > 0; digit /= 10)
        pie_buf_add_char(out, (char)('0' + part / digit % 10));
}
