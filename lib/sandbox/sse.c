/* SPDX-License-Identifier: MIT */
/* Knows how server-sent events are written, well and in every way that trips a reader up; must not know what they say. */
#include "sandbox/wires_priv.h"

static void boxsse_end_line(struct pie_buf *out, int32_t traps)
{
    pie_buf_add_text(out, traps & PIE_SSE_CRLF ? "\r\n" : traps & PIE_SSE_CR ? "\r" : "\n");
}

static void boxsse_field(struct pie_buf *out, int32_t traps, const char *name,
                         struct pie_slice value)
{
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, traps & PIE_SSE_NOSPACE ? ":" : ": ");
    pie_buf_add_slice(out, value);
    boxsse_end_line(out, traps);
}

static void boxsse_comment(struct pie_buf *out, int32_t traps)
{
    if (!(traps & PIE_SSE_COMMENTS))
        return;
    pie_buf_add_text(out, ": SANDBOX PROCESSING");
    boxsse_end_line(out, traps);
    boxsse_end_line(out, traps);
}

void pie_sse_begin(struct pie_answer *answer, int32_t traps)
{
    answer->mime = "text/event-stream; charset=utf-8";
    answer->stream = 1;
    answer->piece_max = traps & PIE_SSE_BYTES ? 7 : 0;
    if (traps & PIE_SSE_BOM)
        pie_buf_add_text(&answer->body, "\xEF\xBB\xBF");
    boxsse_comment(&answer->body, traps);
}

void pie_sse_event(struct pie_answer *answer, int32_t traps, const char *type,
                   struct pie_slice json)
{
    struct pie_buf *out = &answer->body;
    const char *comma = memchr(json.p, ',', json.n);
    size_t first = comma != NULL && traps & PIE_SSE_LINES ? (size_t)(comma - json.p) + 1 : json.n;

    boxsse_field(out, traps, "event", pie_slice_text(type));
    boxsse_field(out, traps, "data", pie_slice(json.p, first));
    if (first < json.n)
        boxsse_field(out, traps, "data", pie_slice(json.p + first, json.n - first));
    boxsse_end_line(out, traps);
    boxsse_comment(out, traps);
    pie_answer_stop(answer);
}

void pie_sse_done(struct pie_answer *answer, int32_t traps)
{
    boxsse_field(&answer->body, traps, "data", pie_slice_text("[DONE]"));
    boxsse_end_line(&answer->body, traps);
}
