/* SPDX-License-Identifier: MIT */
/* Writes HTML to a stream: markup as it stands, and the words of others so that they stay words. */
#ifndef CLI_HTML_OUT_H
#define CLI_HTML_OUT_H

#include <stdint.h>
#include <stdio.h>

struct cli_html {
    FILE *out;
    int32_t scrolls; /* boxes so far: each has a number of its own */
    int32_t charts;
    int32_t no_memory; /* something is missing for want of it */
};

/* As it is; only for what this program itself says. */
void cli_html_raw(struct cli_html *h, const char *markup);
/* Escaped, fit for text and for attributes in quotes; what is no UTF-8, steers, or turns text around becomes U+FFFD. */
void cli_html_text(struct cli_html *h, const char *text);
/* At most so many characters; what was left out is an ellipsis. */
void cli_html_text_cut(struct cli_html *h, const char *text, int32_t characters);
/* <tag>text</tag>, and <tag class="class">; class is NULL for none. */
void cli_html_element(struct cli_html *h, const char *tag, const char *class_name,
                      const char *text);

/* A part of the page. id is the anchor. */
void cli_html_section(struct cli_html *h, const char *id, const char *title, const char *lead);
void cli_html_section_end(struct cli_html *h);
/* Says in one sentence what is not there, and which option would bring it. */
void cli_html_absent(struct cli_html *h, const char *what, const char *option);

/* A chart and the table behind it: figure, title, chart, details, table. */
void cli_html_figure(struct cli_html *h, const char *title, const char *note);
void cli_html_figure_wide(struct cli_html *h, const char *title, const char *note);
void cli_html_figure_end(struct cli_html *h);

/* A table in a box of its own that scrolls; heads are separated by '|', one that ends with '#' is of numbers. In details when folded says what
 * is in it; NULL: open to see. */
void cli_html_table(struct cli_html *h, const char *folded, const char *caption, const char *heads);
void cli_html_table_end(struct cli_html *h, const char *folded);
void cli_html_row(struct cli_html *h);
void cli_html_row_end(struct cli_html *h);
/* The cell that names the row. */
void cli_html_name(struct cli_html *h, const char *text);
void cli_html_cell(struct cli_html *h, const char *text);
/* One that may be long. */
void cli_html_words(struct cli_html *h, const char *text);
/* Right; NULL or "": a dash. */
void cli_html_figure_cell(struct cli_html *h, const char *text);

#endif
