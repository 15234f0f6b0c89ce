/* SPDX-License-Identifier: MIT */
/* Knows where a text ends; not what it says. */
#include "summary.h"

#include <stdarg.h>
#include <stdio.h>

void cli_summary_add(struct cli_summary *s, const char *format, ...)
{
    size_t room = sizeof s->text - s->length;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(s->text + s->length, room, format, arguments);
    va_end(arguments);
    if (n >= 0 && (size_t)n < room)
        s->length += (size_t)n;
    s->text[s->length] = '\0';
}
