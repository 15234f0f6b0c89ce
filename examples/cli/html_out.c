/* SPDX-License-Identifier: MIT */
/* Knows how HTML is written, always well-formed and harmless; not what a page says. */
#include "html_out.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

void cli_html_raw(struct cli_html *h, const char *markup)
{
    (void)fputs(markup, h->out);
}

static void put_character(FILE *out, const char *text, size_t length, int32_t c)
{
    switch (c) {
    case '&':
        (void)fputs("&amp;", out);
        break;
    case '<':
        (void)fputs("&lt;", out);
        break;
    case '>':
        (void)fputs("&gt;", out);
        break;
    case '"':
        (void)fputs("&quot;", out);
        break;
    case '\'':
        (void)fputs("&#39;", out);
        break;
    case '\n':
    case '\t':
        (void)fputc(' ', out);
        break;
    default:
        if (c < 0 || cli_text_steers(c) || (c & 0xFFFE) == 0xFFFE)
            (void)fputs("\xEF\xBF\xBD", out);
        else
            (void)fwrite(text, 1, length, out);
    }
}

void cli_html_text_cut(struct cli_html *h, const char *text, int32_t characters)
{
    size_t length;

    for (int32_t n = 0; text != NULL && *text != '\0'; text += length, n++) {
        int32_t c = cli_text_next(text, &length);

        if (n == characters - 1 && text[length] != '\0') {
            (void)fputs("\u2026", h->out);
            return;
        }
        put_character(h->out, text, length, c);
    }
}

void cli_html_text(struct cli_html *h, const char *text)
{
    cli_html_text_cut(h, text, INT32_MAX);
}

void cli_html_element(struct cli_html *h, const char *tag, const char *class_name, const char *text)
{
    (void)fprintf(h->out, class_name != NULL ? "<%s class=\"%s\">" : "<%s>", tag,
                  class_name != NULL ? class_name : "");
    cli_html_text(h, text);
    (void)fprintf(h->out, "</%s>\n", tag);
}

/* ---- parts of a page */

void cli_html_section(struct cli_html *h, const char *id, const char *title, const char *lead)
{
    (void)fprintf(h->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">",
                  id, id, id);
    cli_html_text(h, title);
    cli_html_raw(h, "</h2>\n");
    if (lead != NULL)
        cli_html_element(h, "p", "lead", lead);
    cli_html_raw(h, "<div class=\"grid\">\n");
}

void cli_html_section_end(struct cli_html *h)
{
    cli_html_raw(h, "</div>\n</section>\n");
}

void cli_html_absent(struct cli_html *h, const char *what, const char *option)
{
    cli_html_raw(h, "<p class=\"absent\">");
    cli_html_text(h, what);
    if (option != NULL) {
        cli_html_raw(h, " <code>");
        cli_html_text(h, option);
        cli_html_raw(h, "</code>");
    }
    cli_html_raw(h, "</p>\n");
}

static void open_figure(struct cli_html *h, const char *class_name, const char *title,
                        const char *note)
{
    (void)fprintf(h->out, "<div class=\"card%s\">\n", class_name);
    cli_html_element(h, "h3", NULL, title);
    if (note != NULL)
        cli_html_element(h, "p", "note", note);
}

void cli_html_figure(struct cli_html *h, const char *title, const char *note)
{
    open_figure(h, "", title, note);
}

void cli_html_figure_wide(struct cli_html *h, const char *title, const char *note)
{
    open_figure(h, " wide", title, note);
}

void cli_html_figure_end(struct cli_html *h)
{
    cli_html_raw(h, "</div>\n");
}

/* ---- tables */

static void put_heads(struct cli_html *h, const char *heads)
{
    while (*heads != '\0') {
        size_t n = strcspn(heads, "|");
        int number = n > 0 && heads[n - 1] == '#';
        char word[64];

        (void)snprintf(word, sizeof word, "%.*s", (int)(number ? n - 1 : n), heads);
        (void)fprintf(h->out, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
        cli_html_text(h, word);
        cli_html_raw(h, "</th>");
        heads += n + (heads[n] == '|');
    }
}

void cli_html_table(struct cli_html *h, const char *folded, const char *caption, const char *heads)
{
    if (folded != NULL) {
        cli_html_raw(h, "<details>\n<summary>");
        cli_html_text(h, folded);
        cli_html_raw(h, "</summary>\n");
    }
    h->scrolls++;
    (void)fprintf(h->out,
                  "<div class=\"scroll\" role=\"group\" aria-labelledby=\"t%" PRId32
                  "\" tabindex=\"0\"><table>\n<caption id=\"t%" PRId32 "\"><span>",
                  h->scrolls, h->scrolls);
    cli_html_text(h, caption);
    cli_html_raw(h, "</span></caption>\n<thead><tr>");
    put_heads(h, heads);
    cli_html_raw(h, "</tr></thead>\n<tbody>\n");
}

void cli_html_table_end(struct cli_html *h, const char *folded)
{
    cli_html_raw(h, "</tbody>\n</table></div>\n");
    if (folded != NULL)
        cli_html_raw(h, "</details>\n");
}

void cli_html_row(struct cli_html *h)
{
    cli_html_raw(h, "<tr>");
}

void cli_html_row_end(struct cli_html *h)
{
    cli_html_raw(h, "</tr>\n");
}

/* What has no blanks breaks behind a stroke first. */
static void put_breakable(struct cli_html *h, const char *text)
{
    size_t length;

    for (; *text != '\0'; text += length) {
        int32_t c = cli_text_next(text, &length);

        put_character(h->out, text, length, c);
        if (c == '/' || c == '_')
            cli_html_raw(h, "<wbr>");
    }
}

static void put_cell(struct cli_html *h, const char *open, const char *text, const char *close)
{
    cli_html_raw(h, open);
    put_breakable(h, text != NULL && text[0] != '\0' ? text : "\u2013");
    cli_html_raw(h, close);
}

void cli_html_name(struct cli_html *h, const char *text)
{
    put_cell(h, "<th scope=\"row\">", text, "</th>");
}

void cli_html_cell(struct cli_html *h, const char *text)
{
    put_cell(h, "<td>", text, "</td>");
}

void cli_html_words(struct cli_html *h, const char *text)
{
    put_cell(h, "<td class=\"w\">", text, "</td>");
}

void cli_html_figure_cell(struct cli_html *h, const char *text)
{
    put_cell(h, "<td class=\"n\">", text, "</td>");
}
