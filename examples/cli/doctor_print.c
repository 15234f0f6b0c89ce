/* SPDX-License-Identifier: MIT */
/* Knows how a doctor's report is written: lines of 80 columns to be pasted, or JSON; decides nothing. */
#include "doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "json_out.h"
#include "report.h"
#include "text.h"

#define COLUMNS 80
#define INDENT  20

const char *cli_doctor_word(enum cli_state state)
{
    static const char *const words[] = {"ok", "warning", "failed"};

    return words[state];
}

/* ---- what is known without asking */

static void write_system(char *ret, size_t room)
{
    struct utsname system;

    if (uname(&system) < 0)
        (void)snprintf(ret, room, "unknown");
    else
        (void)snprintf(ret, room, "%s %s %s", system.sysname, system.release, system.machine);
}

static const struct {
    const char *name, *url;
} proxies[] = {{"https", "https://"}, {"http", "http://"}};

/* ---- lines */

static size_t characters(const char *text, size_t n)
{
    size_t count = 0, length;

    for (const char *p = text; p < text + n; p += length, count++)
        (void)cli_text_next(p, &length);
    return count;
}

static void put(const char *text, size_t n)
{
    char part[256];

    if (n >= sizeof part)
        n = sizeof part - 1;
    memcpy(part, text, n);
    part[n] = '\0';
    cli_text_print(stdout, part);
}

/* Word by word; the cursor stands at column `at`. A word that is longer than a line stays whole. */
static void put_wrapped(const char *text, size_t at, size_t indent)
{
    size_t column = at;

    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        size_t width = characters(text, n);

        if (column > indent && column + 1 + width > COLUMNS) {
            (void)printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (column > at || column > indent) {
            (void)fputc(' ', stdout);
            column++;
        }
        put(text, n);
        column += width;
        text += n + strspn(text + n, " ");
    }
    (void)fputc('\n', stdout);
}

static void put_line(const char *name, const char *text)
{
    (void)printf("%-15s", name);
    put_wrapped(text, 15, 15);
}

static void print_finding(const struct cli_finding *f)
{
    char text[300];

    if (f->ms >= 0)
        (void)snprintf(text, sizeof text, "%s, %" PRId64 " ms", f->text, f->ms);
    else
        (void)snprintf(text, sizeof text, "%s", f->text);
    (void)printf("  %-8s %-8s ", cli_doctor_word(f->state), f->check);
    put_wrapped(text, INDENT, INDENT);
    if (f->hint[0] == '\0')
        return;
    (void)printf("%*s", INDENT, "");
    (void)snprintf(text, sizeof text, "-> %s", f->hint);
    put_wrapped(text, INDENT, INDENT);
}

static void print_visit(const struct cli_visit *v)
{
    char text[512];

    (void)snprintf(text, sizeof text, "%s%s (%s): %s", v->name,
                   v->is_default ? ", the default" : "", v->dialect, v->place);
    (void)fputc('\n', stdout);
    put_wrapped(text, 0, 0);
    for (size_t i = 0; i < v->count; i++)
        print_finding(&v->findings[i]);
}

static void print_config(const struct cli_doctor_report *d)
{
    const struct cli_config *c = d->config;
    char text[1024];

    if (d->config_failure.status != APIPIE_OK)
        (void)snprintf(text, sizeof text, "failed: %s -> %s", d->config_failure.message,
                       d->config_failure.hint);
    else if (c->path == NULL)
        (void)snprintf(text, sizeof text, "none");
    else
        (void)snprintf(text, sizeof text, "%s: backends: %zu, routes: %zu, default: %s", c->path,
                       c->backend_count, c->route_count, cli_config_default(d->options));
    put_line("configuration", text);
}

static void print_proxies(void)
{
    char value[128], text[300];
    int any = 0;

    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
        const char *name = cli_doctor_proxy(proxies[i].url, value, sizeof value);

        if (name == NULL)
            continue;
        (void)snprintf(text, sizeof text, "%s for %s: %s", name, proxies[i].name, value);
        put_line(any ? "" : "proxies", text);
        any = 1;
    }
    if (!any)
        put_line("proxies", "none set in the environment");
}

static void print_verdict(const struct cli_doctor_report *d)
{
    (void)fputc('\n', stdout);
    if (d->working == d->count)
        (void)printf("%s\n", d->count == 1 ? "the backend works" : "all backends work");
    else
        (void)printf("%zu of %zu backends: something is wrong\n", d->count - d->working, d->count);
}

void cli_doctor_print(const struct cli_doctor_report *d)
{
    const char *tls = apipie_part_version(APIPIE_PART_TLS);
    char text[512];

    (void)snprintf(text, sizeof text, "%s, libcurl %s with %s, jansson %s", apipie_version(),
                   apipie_part_version(APIPIE_PART_CURL), tls != NULL ? tls : "no TLS",
                   apipie_part_version(APIPIE_PART_JSON));
    put_line("apipie", text);
    write_system(text, sizeof text);
    put_line("system", text);
    print_config(d);
    print_proxies();
    for (size_t i = 0; i < d->count; i++)
        print_visit(&d->visits[i]);
    print_verdict(d);
}

/* ---- JSON */

static void put_versions(struct cli_json *j)
{
    char system[300];

    write_system(system, sizeof system);
    cli_json_open(j, "versions", '{');
    cli_json_text(j, "apipie", apipie_version());
    cli_json_text(j, "libcurl", apipie_part_version(APIPIE_PART_CURL));
    cli_json_text(j, "tls", apipie_part_version(APIPIE_PART_TLS));
    cli_json_text(j, "jansson", apipie_part_version(APIPIE_PART_JSON));
    cli_json_close(j, '}');
    cli_json_text(j, "system", system);
}

static void put_config(struct cli_json *j, const struct cli_doctor_report *d)
{
    const struct cli_failure *f = &d->config_failure;
    int good = f->status == APIPIE_OK;

    cli_json_open(j, "config", '{');
    cli_json_text(j, "path", d->config->path);
    cli_json_text(j, "state", cli_doctor_word(good ? CLI_STATE_OK : CLI_STATE_FAILED));
    cli_json_text(j, "message", good ? NULL : f->message);
    cli_json_text(j, "hint", good ? NULL : f->hint);
    cli_json_text(j, "default_backend", cli_config_default(d->options));
    cli_json_close(j, '}');
}

static void put_proxies(struct cli_json *j)
{
    char value[128];

    cli_json_open(j, "proxies", '[');
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
        const char *name = cli_doctor_proxy(proxies[i].url, value, sizeof value);

        if (name == NULL)
            continue;
        cli_json_open(j, NULL, '{');
        cli_json_text(j, "scheme", proxies[i].name);
        cli_json_text(j, "variable", name);
        cli_json_text(j, "proxy", value);
        cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
}

static void put_visit(struct cli_json *j, const struct cli_visit *v)
{
    cli_json_open(j, NULL, '{');
    cli_json_text(j, "name", v->name);
    cli_json_text(j, "dialect", v->dialect);
    cli_json_text(j, "base_url", v->place);
    cli_json_flag(j, "default", v->is_default);
    cli_json_text(j, "state", cli_doctor_word(cli_doctor_state(v)));
    cli_json_number(j, "models", v->models);
    cli_json_number(j, "latency_ms", v->latency_ms);
    cli_json_open(j, "checks", '[');
    for (size_t i = 0; i < v->count; i++) {
        const struct cli_finding *f = &v->findings[i];

        cli_json_open(j, NULL, '{');
        cli_json_text(j, "check", f->check);
        cli_json_text(j, "state", cli_doctor_word(f->state));
        cli_json_text(j, "message", f->text);
        cli_json_text(j, "hint", f->hint[0] == '\0' ? NULL : f->hint);
        cli_json_number(j, "ms", f->ms);
        cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
    cli_json_close(j, '}');
}

void cli_doctor_print_json(const struct cli_doctor_report *d)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", d->failure.status == APIPIE_OK);
    if (d->failure.status != APIPIE_OK)
        cli_report_error_json(&j, &d->failure);
    put_versions(&j);
    put_config(&j, d);
    put_proxies(&j);
    cli_json_open(&j, "backends", '[');
    for (size_t i = 0; i < d->count; i++)
        put_visit(&j, &d->visits[i]);
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}
