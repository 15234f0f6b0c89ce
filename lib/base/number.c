/* SPDX-License-Identifier: MIT */
/* Knows numbers, money and dates as text; must not ask the locale or a clock. */
#include "base/base.h"

#include <stdio.h>

void pie_number_uint_text(uint64_t v, char out[PIE_NUMBER_MAX])
{
    char reversed[PIE_NUMBER_MAX];
    size_t n = 0;
    do {
        reversed[n++] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v != 0);
    for (size_t i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    out[n] = '\0';
}

void pie_number_int_text(int64_t v, char out[PIE_NUMBER_MAX])
{
    if (v >= 0) {
        pie_number_uint_text((uint64_t)v, out);
        return;
    }
    char digits[PIE_NUMBER_MAX];
    pie_number_uint_text((uint64_t)0 - (uint64_t)v, digits);
    out[0] = '-';
    memcpy(out + 1, digits, strlen(digits) + 1);
}

void pie_number_money_text(int64_t picodollars, char out[PIE_NUMBER_MAX])
{
    out[0] = '\0';
    if (picodollars < 0)
        return;
    pie_number_int_text(picodollars / APIPIE_DOLLAR, out);
    int64_t rest = picodollars % APIPIE_DOLLAR;
    if (rest == 0)
        return;
    size_t n = strlen(out);
    out[n++] = '.';
    for (int64_t unit = APIPIE_DOLLAR / 10; rest != 0; unit /= 10) {
        out[n++] = (char)('0' + (int)(rest / unit));
        rest %= unit;
    }
    out[n] = '\0';
}

apipie_status pie_number_uint(struct pie_slice s, uint64_t *ret)
{
    uint64_t v = 0;
    if (s.n == 0)
        return APIPIE_E_ARGUMENT;
    for (size_t i = 0; i < s.n; i++) {
        if (!pie_is_digit(s.p[i]))
            return APIPIE_E_ARGUMENT;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return APIPIE_E_ARGUMENT;
        v = v * 10 + digit;
    }
    *ret = v;
    return APIPIE_OK;
}

/* A decimal number taken apart: digits without the point, and where the point stands. */
struct number_decimal {
    char digit[320];
    int32_t n;     /* digits kept */
    int32_t point; /* the value is 0.DIGITS * 10^point */
    int32_t negative;
};

static apipie_status number_exponent(struct pie_slice s, int32_t *ret)
{
    int32_t sign = 1;
    if (s.n != 0 && (s.p[0] == '+' || s.p[0] == '-')) {
        sign = s.p[0] == '-' ? -1 : 1;
        s = pie_slice(s.p + 1, s.n - 1);
    }
    uint64_t v = 0;
    if (s.n == 0)
        return APIPIE_E_ARGUMENT;
    for (size_t i = 0; i < s.n; i++) {
        if (!pie_is_digit(s.p[i]))
            return APIPIE_E_ARGUMENT;
        if (v < 100000)
            v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    *ret = sign * (int32_t)v;
    return APIPIE_OK;
}

/* One digit more; leading zeros only move the point. */
static void number_digit(struct number_decimal *d, char c, int32_t after_point)
{
    if (d->n == 0 && c == '0') {
        d->point -= after_point;
        return;
    }
    if (d->n < (int32_t)sizeof(d->digit))
        d->digit[d->n++] = c;
    d->point += after_point ? 0 : 1;
}

/* "1,234.5e-7": commas only between digits before the point. */
static apipie_status number_take_apart(struct pie_slice s, struct number_decimal *d)
{
    memset(d, 0, sizeof(*d));
    size_t i = 0;
    int32_t after_point = 0;
    int32_t seen = 0;
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
        d->negative = s.p[i++] == '-';
    for (; i < s.n; i++) {
        char c = s.p[i];
        if (pie_is_digit(c)) {
            number_digit(d, c, after_point);
            seen = 1;
        } else if (c == '.' && !after_point) {
            after_point = 1;
        } else if (c != ',' || after_point || !seen || i + 1 >= s.n || !pie_is_digit(s.p[i + 1])) {
            break;
        }
    }
    if (!seen)
        return APIPIE_E_ARGUMENT;
    if (i == s.n)
        return APIPIE_OK;
    int32_t exponent = 0;
    if (s.p[i] != 'e' && s.p[i] != 'E')
        return APIPIE_E_ARGUMENT;
    apipie_status status = number_exponent(pie_slice(s.p + i + 1, s.n - i - 1), &exponent);
    d->point += exponent;
    return status;
}

/* The value times 10^scale, rounded half up; APIPIE_E_LIMIT when it does not fit. */
static apipie_status number_scaled(const struct number_decimal *d, int32_t scale, int64_t *ret)
{
    int64_t v = 0;
    int32_t places = d->point + scale;
    if (d->n == 0 || places < 0) {
        *ret = 0;
        return APIPIE_OK;
    }
    for (int32_t i = 0; i < places; i++) {
        int64_t digit = i < d->n ? d->digit[i] - '0' : 0;
        if (v > (INT64_MAX - digit - 1) / 10)
            return APIPIE_E_LIMIT;
        v = v * 10 + digit;
    }
    if (places < d->n && d->digit[places] >= '5')
        v++;
    *ret = d->negative ? -v : v;
    return APIPIE_OK;
}

apipie_status pie_number_int(struct pie_slice s, int64_t *ret)
{
    struct number_decimal d;
    apipie_status status = number_take_apart(pie_slice_trim(s), &d);
    if (status != APIPIE_OK)
        return status;
    if (number_scaled(&d, 0, ret) != APIPIE_OK)
        *ret = d.negative ? INT64_MIN : INT64_MAX;
    return APIPIE_OK;
}

apipie_status pie_number_money(struct pie_slice s, int64_t *ret)
{
    struct number_decimal d;
    apipie_status status = number_take_apart(pie_slice_trim(s), &d);
    if (status != APIPIE_OK)
        return status;
    if (d.negative && d.n != 0)
        return APIPIE_E_ARGUMENT;
    return number_scaled(&d, 12, ret);
}

apipie_status pie_number_seconds(struct pie_slice s, int64_t *ret_ms)
{
    struct number_decimal d;
    int64_t us = 0;
    s = pie_slice_trim(s);
    if (s.n == 0 || memchr(s.p, ',', s.n) != NULL || number_take_apart(s, &d) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (d.negative)
        return APIPIE_E_ARGUMENT;
    if (number_scaled(&d, 6, &us) != APIPIE_OK)
        us = INT64_MAX / 2; /* "for ever": an answer, not nonsense */
    *ret_ms = us / 1000 + (us % 1000 != 0);
    return APIPIE_OK;
}

/* The locale's point, whatever it is and however long, becomes one '.'. */
static void number_print(int digits, double v, char out[PIE_NUMBER_MAX])
{
    char text[PIE_NUMBER_MAX];
    size_t n = 0;
    snprintf(text, sizeof(text), "%.*g", digits, v);
    for (const char *p = text; *p != '\0'; p++) {
        if (pie_is_digit(*p) || *p == '-' || *p == '+' || *p == 'e')
            out[n++] = *p;
        else if (n == 0 || out[n - 1] != '.')
            out[n++] = '.';
    }
    out[n] = '\0';
}

/* Does the text read back as v? Up to 15 digits and a power of ten up to 22 are exact doubles, and one division or
 * product of two such is rounded right; anything else counts as no. */
static int32_t number_is_exact(const char *text, double v)
{
    struct number_decimal d;
    double digits = 0.0;
    double power = 1.0;
    if (number_take_apart(pie_slice_text(text), &d) != APIPIE_OK)
        return 0;
    int32_t exponent = d.point - d.n;
    if (d.n == 0 || exponent < -22 || exponent > 22)
        return d.n == 0;
    for (int32_t i = 0; i < d.n; i++)
        digits = digits * 10.0 + (d.digit[i] - '0');
    for (int32_t i = exponent < 0 ? -exponent : exponent; i > 0; i--)
        power *= 10.0;
    double back = exponent < 0 ? digits / power : digits * power;
    back = d.negative ? -back : back;
    return back >= v && back <= v;
}

void pie_number_double(double v, char out[PIE_NUMBER_MAX])
{
    number_print(15, v, out);
    if (!number_is_exact(out, v))
        number_print(17, v, out);
}
