/* SPDX-License-Identifier: MIT */
/* Knows how the dashboard's page is built and looks: one file, no script, nothing that is fetched. */
#include "board.h"

#include "figure.h"

/* Colours are chosen for 4.5:1 on their ground, in light and in dark. */
static const char *const style[] = {
    ":root{color-scheme:light dark;--ground:#f5f5f2;--card:#fff;--ink:#1c2126;--soft:#566069;"
    "--edge:#dfe1de;--track:#eceeeb;--main:#24708c;--mark:#0f3d4f;--good:#2a7d4f;--warn:#9a6200;"
    "--bad:#b4352a;--quiet:#8a949c}\n"
    "@media(prefers-color-scheme:dark){:root{--ground:#14171a;--card:#1c2024;--ink:#e7e9eb;"
    "--soft:#a3adb6;--edge:#30363c;--track:#2a3036;--main:#5aa9c4;--mark:#d5eef7;--good:#62b987;"
    "--warn:#d9a441;--bad:#ec7f74;--quiet:#76818a}}\n"
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%;text-size-adjust:100%}\n"
    "body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"Noto Sans\",\"Liberation Sans\",sans-serif;overflow-wrap:anywhere;"
    "font-variant-numeric:tabular-nums}\n"
    "header,main,footer{max-width:70rem;margin:0 auto;padding:0 1.5rem}\n"
    "header{padding-top:2.5rem}\n"
    "h1{font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.015em;margin:0}\n"
    "h2{font-size:1.25rem;line-height:1.3;font-weight:650;letter-spacing:-.01em;margin:0}\n"
    "h3{font-size:1rem;line-height:1.4;font-weight:600;margin:0}\n"
    "p{margin:0}\n"
    ".made,.lead,.note,.absent,footer{color:var(--soft)}\n"
    ".made{margin-top:.375rem}\n"
    ".lead{margin-top:.25rem;max-width:44rem}\n"
    ".note,.absent,footer{font-size:.875rem}\n"
    ".note{margin-top:.125rem}\n"
    ".above{display:flex;justify-content:space-between;margin-top:1rem}\n"
    ".above b{color:var(--ink);font-weight:600}\n"
    ".above+.chart{margin-top:0}\n"
    ".trouble{margin-top:1rem;padding:.75rem 1rem;border-left:3px solid var(--warn);"
    "background:var(--card);border-radius:0 6px 6px 0}\n",
    "nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:1.25rem 0 0;"
    "padding:.75rem 0;border-top:1px solid var(--edge);border-bottom:1px solid var(--edge);"
    "font-size:.9375rem}\n"
    "nav a{display:inline-block;padding:.125rem 0}\n"
    "a{color:var(--main);text-decoration:none}\n"
    "a:hover{text-decoration:underline}\n"
    ":focus-visible{outline:2px solid var(--main);outline-offset:2px;border-radius:2px}\n"
    "section{margin-top:2.75rem;scroll-margin-top:1rem}\n"
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));"
    "gap:1rem;margin-top:1rem}\n"
    ".card{background:var(--card);border:1px solid var(--edge);border-radius:10px;"
    "padding:1.125rem 1.25rem;min-width:0}\n"
    ".wide,.absent{grid-column:1/-1}\n"
    ".absent{border:1px dashed var(--edge);border-radius:10px;padding:.875rem 1.25rem}\n"
    "code{font:.875em ui-monospace,SFMono-Regular,Consolas,\"Liberation Mono\",monospace;"
    "color:var(--ink)}\n"
    ".figures{display:flex;flex-wrap:wrap;gap:1px;margin:1rem 0 0;background:var(--edge);"
    "border:1px solid var(--edge);border-radius:10px;overflow:hidden}\n"
    ".figures div{flex:1 1 9.5rem;background:var(--card);padding:1rem 1.25rem;display:flex;"
    "flex-direction:column}\n"
    ".figures dt{font-size:.875rem;color:var(--soft)}\n"
    ".figures dd{margin:0}\n"
    ".figures .big{font-size:1.75rem;line-height:1.3;font-weight:600;letter-spacing:-.02em;"
    "white-space:nowrap}\n"
    ".figures .small{font-size:.8125rem;color:var(--soft)}\n",
    ".chart{display:block;width:100%;margin-top:.875rem;overflow:visible}\n"
    ".chart text{font-size:13px;fill:var(--ink)}\n"
    ".chart .tick{font-size:12px;fill:var(--soft)}\n"
    ".chart .value{font-weight:600}\n"
    ".chart .tick,.chart .value{paint-order:stroke;stroke:var(--card);stroke-width:3px;"
    "stroke-linejoin:round}\n"
    ".chart rect.track{fill:var(--track)}\n"
    ".chart rect.hit{fill:none;pointer-events:all}\n"
    ".chart rect.plain{fill:var(--main)}\n"
    ".chart .mark{fill:var(--mark);stroke:var(--card);stroke-width:2px}\n"
    ".chart rect.good{fill:var(--good)}\n"
    ".chart rect.warn{fill:var(--warn)}\n"
    ".chart rect.bad{fill:var(--bad)}\n"
    ".chart rect.quiet{fill:var(--quiet)}\n"
    ".chart .rule,.chart .floor{stroke:var(--edge);stroke-width:1px;shape-rendering:crispEdges}\n"
    ".chart .floor{stroke:var(--quiet)}\n"
    ".chart .line{fill:none;stroke:var(--main);stroke-width:2px;vector-effect:non-scaling-stroke;"
    "stroke-linejoin:round}\n",
    "details{margin-top:.875rem;border-top:1px solid var(--edge);padding-top:.625rem}\n"
    "summary{cursor:pointer;font-size:.875rem;color:var(--main);width:max-content;max-width:100%}\n"
    ".scroll{overflow-x:auto;margin-top:.5rem;container-type:inline-size}\n"
    "table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.4}\n"
    "caption{text-align:left;color:var(--soft);padding:.25rem 0 .5rem;font-size:.8125rem}\n"
    "caption span{display:block;position:sticky;left:0;width:100cqw}\n"
    "th,td{text-align:left;padding:.375rem 1.25rem .375rem 0;border-bottom:1px solid var(--edge);"
    "vertical-align:top;font-weight:400;max-width:18rem}\n"
    "thead th,td{white-space:nowrap}\n"
    "tbody th{min-width:12.5rem;max-width:15rem}\n"
    "td.w{min-width:12.5rem;white-space:normal}\n"
    "th:last-child,td:last-child{padding-right:0}\n"
    "thead th{color:var(--soft);font-weight:600;font-size:.8125rem}\n"
    "tbody tr:last-child>*{border-bottom:0}\n"
    ".n{text-align:right}\n"
    ".say{margin:.75rem 0 0;padding:0;list-style:none}\n"
    ".say li{padding:.625rem 0;border-top:1px solid var(--edge)}\n"
    ".say li:first-child{border-top:0;padding-top:0}\n"
    ".say b{font-weight:600}\n"
    "footer{margin-top:3rem;padding-bottom:3rem}\n"
    "@media(max-width:30rem){header,main,footer{padding-left:1rem;padding-right:1rem}"
    "header{padding-top:1.5rem}.card{padding:1rem}"
    "tbody th,td.w{min-width:8.5rem}.chart svg.words{width:52%}.figures "
    "div{flex-basis:40%;padding:.875rem 1rem}"
    ".figures .big{font-size:1.375rem}}\n"
    "@media print{body{background:#fff}.card{break-inside:avoid}nav{display:none}}\n",
};

static const struct {
    const char *id, *word;
} links[] = {
    {"advice", "Recommendations"},
    {"availability", "Availability"},
    {"health", "Health"},
    {"times", "Response times"},
    {"prices", "Prices"},
    {"changes", "Over time"},
    {"costs", "Costs"},
};

void cli_page_begin(struct cli_html *h, const struct cli_board *board)
{
    struct cli_figure moment = cli_figure_moment(board->now);

    cli_html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                    "<meta name=\"referrer\" content=\"no-referrer\">\n"
                    "<title>Image generation report, ");
    cli_html_text(h, moment.text);
    cli_html_raw(h, " UTC</title>\n<style>\n");
    for (size_t i = 0; i < sizeof style / sizeof *style; i++)
        cli_html_raw(h, style[i]);
    cli_html_raw(h, "</style>\n</head>\n<body>\n<header>\n<h1>Image generation report</h1>\n"
                    "<p class=\"made\">Made ");
    cli_html_text(h, moment.text);
    cli_html_raw(h, " UTC. Models: ");
    cli_html_text(h, board->place);
    cli_html_raw(h, ".</p>\n");
    if (board->trouble != NULL) {
        cli_html_raw(h, "<p class=\"trouble\">The gateway could not be asked, so that no prices "
                        "are listed here: ");
        cli_html_text(h, board->trouble);
        cli_html_raw(h, "</p>\n");
    }
    cli_html_raw(h, "<nav aria-label=\"Sections\"><ul>\n");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        (void)fprintf(h->out, "<li><a href=\"#%s\">%s</a></li>\n", links[i].id, links[i].word);
    cli_html_raw(h, "</ul></nav>\n</header>\n<main>\n");
}

void cli_page_end(struct cli_html *h)
{
    cli_html_raw(h, "</main>\n<footer>\n<p>Made by apipie ");
    cli_html_text(h, apipie_version());
    cli_html_raw(h, ". Times of day are UTC, prices US dollars; a dash is what nobody knows.</p>\n"
                    "</footer>\n</body>\n</html>\n");
}
