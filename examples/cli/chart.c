/* SPDX-License-Identifier: MIT */
/* Knows how charts are drawn; not what is in them. */
#include "chart.h"

#include <inttypes.h>

#define ROW_HEIGHT    44 /* of a bar with its words */
#define UPTIME_HEIGHT 64
#define PLOT_HEIGHT   132
#define PLOT_TOP      20 /* for the words above the highest */
#define PLOT_BOTTOM   24 /* for those under the floor */
#define WHOLE         10000
#define TICKS_MAX     3
#define GUTTER        1600 /* for the words of the ticks */

static const char *const looks[] = {"plain", "good", "warn", "bad", "quiet"};

/* Ten-thousandths, which are hundredths of a percent. */
static int32_t part_of(int64_t amount, int64_t full)
{
    if (amount <= 0 || full <= 0)
        return 0;
    return amount >= full ? WHOLE : (int32_t)((double)amount * WHOLE / (double)full);
}

static void put_percent(struct cli_html *h, const char *attribute, int32_t part)
{
    (void)fprintf(h->out, " %s=\"%" PRId32 ".%02" PRId32 "%%\"", attribute, part / 100, part % 100);
}

static void open_chart(struct cli_html *h, const char *summary, int64_t height)
{
    h->charts++;
    (void)fprintf(h->out, "<svg class=\"chart\" role=\"img\" height=\"%" PRId64 "\" aria-label=\"",
                  height);
    cli_html_text(h, summary);
    cli_html_raw(h, "\">\n");
}

static void close_chart(struct cli_html *h)
{
    cli_html_raw(h, "</svg>\n");
}

static void put_text(struct cli_html *h, const char *class_name, int32_t x, int64_t y,
                     const char *anchor, const char *text)
{
    (void)fprintf(h->out, "<text class=\"%s\" y=\"%" PRId64 "\" text-anchor=\"%s\"", class_name, y,
                  anchor);
    put_percent(h, "x", x);
    cli_html_raw(h, ">");
    cli_html_text(h, text);
    cli_html_raw(h, "</text>\n");
}

static void put_bar(struct cli_html *h, const char *class_name, int32_t x, int64_t y, int32_t width,
                    int64_t height)
{
    (void)fprintf(h->out, "<rect class=\"%s\" y=\"%" PRId64 "\" height=\"%" PRId64 "\" rx=\"2\"",
                  class_name, y, height);
    put_percent(h, "x", x);
    put_percent(h, "width", width);
    cli_html_raw(h, "/>\n");
}

/* Kept inside at both ends. */
static void put_dot(struct cli_html *h, int32_t x, int64_t y)
{
    if (x < 150)
        x = 150;
    if (x > WHOLE - 150)
        x = WHOLE - 150;
    (void)fprintf(h->out, "<circle class=\"mark\" r=\"6\" cy=\"%" PRId64 "\"", y);
    put_percent(h, "cx", x);
    cli_html_raw(h, "/>\n");
}

static void put_line(struct cli_html *h, const char *class_name, int32_t x, int64_t y)
{
    (void)fprintf(h->out, "<line class=\"%s\" x2=\"100%%\" y1=\"%" PRId64 "\" y2=\"%" PRId64 "\"",
                  class_name, y, y);
    put_percent(h, "x1", x);
    cli_html_raw(h, "/>\n");
}

/* The words over a bar: a name that ends where the value begins, whatever its length. */
static void put_words(struct cli_html *h, const char *name, const char *value, int64_t y)
{
    (void)fprintf(h->out,
                  "<svg class=\"words\" width=\"64%%\" height=\"22\" y=\"%" PRId64 "\"><title>", y);
    cli_html_text(h, name);
    cli_html_raw(h, "</title><text class=\"name\" y=\"16\">");
    cli_html_text_cut(h, name, 44);
    cli_html_raw(h, "</text></svg>\n");
    put_text(h, "value", WHOLE, y + 16, "end", value);
}

void cli_chart_bars(struct cli_html *h, const char *summary, const struct cli_bar *bars, size_t n,
                    int64_t full)
{
    open_chart(h, summary, (int64_t)n * ROW_HEIGHT);
    for (size_t i = 0; i < n; i++) {
        int64_t y = (int64_t)i * ROW_HEIGHT;

        put_words(h, bars[i].name, bars[i].value, y);
        put_bar(h, "track", 0, y + 24, WHOLE, 8);
        if (bars[i].amount > 0)
            put_bar(h, looks[bars[i].look], 0, y + 24, part_of(bars[i].amount, full), 8);
    }
    close_chart(h);
}

void cli_chart_ranges(struct cli_html *h, const char *summary, const struct cli_range *ranges,
                      size_t n, int64_t full)
{
    open_chart(h, summary, (int64_t)n * ROW_HEIGHT);
    for (size_t i = 0; i < n; i++) {
        int64_t y = (int64_t)i * ROW_HEIGHT;
        int32_t low = part_of(ranges[i].low, full), high = part_of(ranges[i].high, full);

        put_words(h, ranges[i].name, ranges[i].value, y);
        put_bar(h, "track", 0, y + 24, WHOLE, 8);
        put_bar(h, "plain", low < WHOLE - 60 ? low : WHOLE - 60, y + 24,
                high - low > 60 ? high - low : 60, 8);
        if (ranges[i].mark >= 0)
            put_dot(h, part_of(ranges[i].mark, full), y + 28);
    }
    close_chart(h);
}

/* ---- columns */

static int64_t highest_column(const struct cli_column *columns, size_t n)
{
    int64_t highest = 1;

    for (size_t i = 0; i < n; i++)
        if (columns[i].amount > highest)
            highest = columns[i].amount;
    return highest;
}

/* Words at a place across, kept inside. */
static void put_label(struct cli_html *h, const char *class_name, int32_t x, int64_t y,
                      const char *text)
{
    if (x < 700)
        put_text(h, class_name, 0, y, "start", text);
    else if (x > WHOLE - 700)
        put_text(h, class_name, WHOLE, y, "end", text);
    else
        put_text(h, class_name, x, y, "middle", text);
}

static void put_column(struct cli_html *h, const struct cli_column *column, int64_t highest,
                       int32_t x, int32_t width)
{
    int32_t gap = width / 12;
    int64_t height = (int64_t)part_of(column->amount, highest) * PLOT_HEIGHT / WHOLE;

    if (column->amount > 0 && height < 2)
        height = 2;
    (void)fprintf(h->out, "<g><title>");
    cli_html_text(h, column->title.text);
    cli_html_raw(h, "</title>");
    put_bar(h, "hit", x, PLOT_TOP, width, PLOT_HEIGHT);
    if (height > 0)
        put_bar(h, "plain", x + gap, PLOT_TOP + PLOT_HEIGHT - height, width - 2 * gap, height);
    cli_html_raw(h, "</g>\n");
    if (column->value.text[0] != '\0')
        put_label(h, "value", x + width / 2, PLOT_TOP + PLOT_HEIGHT - height - 6,
                  column->value.text);
}

void cli_chart_columns(struct cli_html *h, const char *summary, const struct cli_column *columns,
                       size_t n, int under)
{
    int64_t highest = highest_column(columns, n);
    int32_t width = WHOLE / (n > 0 ? (int32_t)n : 1);

    open_chart(h, summary, PLOT_TOP + PLOT_HEIGHT + PLOT_BOTTOM);
    for (size_t i = 0; i < n; i++) {
        int32_t x = (int32_t)i * width;

        put_column(h, &columns[i], highest, x, width);
        if (columns[i].edge.text[0] != '\0')
            put_label(h, "tick", under ? x + width / 2 : x + width, PLOT_TOP + PLOT_HEIGHT + 18,
                      columns[i].edge.text);
    }
    put_line(h, "floor", 0, PLOT_TOP + PLOT_HEIGHT);
    close_chart(h);
}

/* ---- steps */

/* 1, 2 or 5 times a power of ten, so that a few of them reach the highest. */
static int64_t tick_of(int64_t highest)
{
    static const int64_t factors[] = {2, 5, 10};
    int64_t power = 1, tick = 1;

    while (highest / TICKS_MAX >= tick && power <= INT64_MAX / 100) {
        for (size_t i = 0; i < 3 && highest / TICKS_MAX >= tick; i++)
            tick = power * factors[i];
        power *= 10;
    }
    return tick;
}

static struct cli_figure tell_tick(int64_t value, int64_t tick, enum cli_chart_unit unit)
{
    return unit == CLI_CHART_TIME ? cli_figure_time(value)
                                  : cli_figure_money(value, cli_figure_decimals(tick, 2));
}

static int64_t place_of(int64_t value, int64_t top)
{
    return PLOT_TOP + PLOT_HEIGHT - (int64_t)part_of(value, top) * PLOT_HEIGHT / WHOLE;
}

/* The line stretches with the chart, its thickness does not. */
static void put_path(struct cli_html *h, const struct cli_step *steps, size_t n, int64_t start,
                     int64_t end, int64_t top)
{
    const int height = PLOT_TOP + PLOT_HEIGHT;
    int drawing = 0;

    (void)fprintf(h->out,
                  "<svg x=\"%d%%\" width=\"%d%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                  "preserveAspectRatio=\"none\"><path class=\"line\" d=\"",
                  GUTTER / 100, 100 - GUTTER / 100, height, WHOLE, height);
    for (size_t i = 0; i < n; i++) {
        int32_t x = part_of(steps[i].time - start, end - start);
        int32_t until = i + 1 < n ? part_of(steps[i + 1].time - start, end - start) : WHOLE;

        if (steps[i].value < 0) {
            drawing = 0;
            continue;
        }
        (void)fprintf(h->out, "%s%" PRId32 " %" PRId64 "H%" PRId32, drawing ? "L" : "M", x,
                      place_of(steps[i].value, top), until);
        drawing = 1;
    }
    cli_html_raw(h, "\"/></svg>\n");
}

void cli_chart_steps(struct cli_html *h, const char *summary, const struct cli_step *steps,
                     size_t n, int64_t start, int64_t end, enum cli_chart_unit unit)
{
    int64_t highest = 1, tick, top;

    for (size_t i = 0; i < n; i++)
        if (steps[i].value > highest)
            highest = steps[i].value;
    if (highest > INT64_MAX / 4) /* of a file that says anything */
        highest = INT64_MAX / 4;
    tick = tick_of(highest);
    top = highest / tick * tick + (highest % tick != 0 ? tick : 0);
    open_chart(h, summary, PLOT_TOP + PLOT_HEIGHT + PLOT_BOTTOM);
    for (int64_t value = tick; value <= top; value += tick) {
        put_line(h, "rule", GUTTER, place_of(value, top));
        put_text(h, "tick", 0, place_of(value, top) + 4, "start",
                 tell_tick(value, tick, unit).text);
    }
    put_text(h, "tick", 0, PLOT_TOP + PLOT_HEIGHT + 4, "start", "0");
    put_line(h, "floor", GUTTER, PLOT_TOP + PLOT_HEIGHT);
    put_path(h, steps, n, start, end + (end - start) / 50, top); /* the last value is seen, too */
    put_text(h, "tick", GUTTER, PLOT_TOP + PLOT_HEIGHT + 20, "start", cli_figure_day(start).text);
    put_text(h, "tick", WHOLE, PLOT_TOP + PLOT_HEIGHT + 20, "end", cli_figure_day(end).text);
    close_chart(h);
}

/* ---- uptime */

static void put_share(struct cli_html *h, const char *word, int64_t per_mille, int32_t x, int64_t y)
{
    const int32_t width = 3000;
    const char *look = per_mille >= 990 ? "good" : per_mille >= 900 ? "warn" : "bad";
    char text[64];

    (void)snprintf(text, sizeof text, "%s %s", word,
                   per_mille < 0 ? "unknown" : cli_figure_share(per_mille, 1000).text);
    put_bar(h, "track", x, y, width, 8);
    if (per_mille > 0)
        put_bar(h, look, x, y, part_of(per_mille, 1000) * 3 / 10, 8);
    put_text(h, "tick", x, y + 24, "start", text);
}

void cli_chart_uptimes(struct cli_html *h, const char *summary, const struct cli_uptime *rows,
                       size_t n)
{
    static const char *const signs[] = {"\u25cb ", "\u25cf ", "\u25b2 ", "\u25a0 ", "\u25cb "};

    open_chart(h, summary, (int64_t)n * UPTIME_HEIGHT);
    for (size_t i = 0; i < n; i++) {
        int64_t y = (int64_t)i * UPTIME_HEIGHT;
        char state[64];

        (void)snprintf(state, sizeof state, "%s%s", signs[rows[i].look], rows[i].state);
        put_words(h, rows[i].name, state, y);
        put_share(h, "hour", rows[i].hour, 0, y + 24);
        put_share(h, "day", rows[i].day, 3500, y + 24);
        put_share(h, "week", rows[i].week, 7000, y + 24);
    }
    close_chart(h);
}
