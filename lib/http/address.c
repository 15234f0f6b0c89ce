/* SPDX-License-Identifier: MIT */
/* Knows which addresses are not on the public internet (IANA's special-purpose registries); must not look names up. */
#include "http/http.h"

static const struct {
    uint8_t net[4];
    uint8_t bits;
} address_private4[] = {
    {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},    {{100, 64, 0, 0}, 10}, {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12}, {{192, 0, 0, 0}, 24},  {{192, 168, 0, 0}, 16},
    {{198, 18, 0, 0}, 15},  {{224, 0, 0, 0}, 4},   {{240, 0, 0, 0}, 4},
};

static int32_t address_in(const uint8_t *a, const uint8_t *net, uint32_t bits)
{
    for (uint32_t i = 0; i < bits; i++) {
        uint8_t mask = (uint8_t)(0x80u >> (i % 8));
        if ((a[i / 8] & mask) != (net[i / 8] & mask))
            return 0;
    }
    return 1;
}

static int32_t address_private_4(const uint8_t *a)
{
    for (size_t i = 0; i < PIE_COUNT(address_private4); i++) {
        if (address_in(a, address_private4[i].net, address_private4[i].bits))
            return 1;
    }
    return 0;
}

static int32_t address_private_6(const uint8_t *a)
{
    static const uint8_t zero[16];
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    static const uint8_t nat64_local[6] = {0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01}; /* RFC 8215 */
    static const uint8_t translated[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0};
    static const uint8_t teredo[4] = {0x20, 0x01, 0x00, 0x00};
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
        return address_private_4(a + 12);
    if (memcmp(a, nat64_local, 6) == 0 || memcmp(a, translated, 12) == 0 ||
        memcmp(a, teredo, 4) == 0)
        return 1;
    if (memcmp(a, zero, 12) == 0) /* unspecified, loopback, and the old IPv4-compatible form */
        return 1;
    if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 carries an IPv4 address */
        return address_private_4(a + 2);
    return (a[0] & 0xFE) == 0xFC || (a[0] == 0xFE && (a[1] & 0x80) == 0x80) || a[0] == 0xFF;
}

int32_t pie_address_is_private(const uint8_t *bytes, size_t n)
{
    return n == 4 ? address_private_4(bytes) : address_private_6(bytes);
}
