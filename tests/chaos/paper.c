/* SPDX-License-Identifier: MIT */
/* Knows the ledger's lines, read by another reader than the library's own; must not know who wrote them. */
#include "chaos.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Dollars in decimal to picodollars; APIPIE_UNKNOWN for anything else. */
static int64_t paper_money(const char *text)
{
    int64_t sum = 0;
    int32_t places = -1;
    if (text == NULL || text[0] == '\0')
        return APIPIE_UNKNOWN;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '.' && places < 0) {
            places = 0;
        } else if (*p >= '0' && *p <= '9' && places < 12) {
            sum = sum * 10 + (*p - '0');
            places += places >= 0;
        } else {
            return APIPIE_UNKNOWN;
        }
    }
    for (places = places < 0 ? 0 : places; places < 12; places++)
        sum *= 10;
    return sum;
}

static const char *paper_text(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text != NULL ? text : "";
}

/* The number behind a mark: "call-12", "p3", "r7". */
static int32_t paper_number(const char *text, const char *mark)
{
    size_t n = strlen(mark);
    return strncmp(text, mark, n) == 0 ? (int32_t)strtol(text + n, NULL, 10) : -1;
}

static int32_t paper_billed(const char *word)
{
    if (strcmp(word, "yes") == 0)
        return APIPIE_BILLED_YES;
    if (strcmp(word, "no") == 0)
        return APIPIE_BILLED_NO;
    return strcmp(word, "unknown") == 0 ? APIPIE_BILLED_UNKNOWN : -1;
}

static struct chaos_entry *paper_add(struct chaos_paper *p)
{
    if (p->count == p->room) {
        size_t room = p->room == 0 ? 1024 : p->room * 2;
        struct chaos_entry *more = realloc(p->entries, room * sizeof(*more));
        if (more == NULL)
            abort();
        p->entries = more;
        p->room = room;
    }
    struct chaos_entry *e = &p->entries[p->count++];
    memset(e, 0, sizeof(*e));
    e->number = e->provider = e->order = e->billed = -1;
    return e;
}

/* Each line is an entry at first. */
static void paper_line(struct chaos_paper *p, const json_t *line)
{
    const char *type = paper_text(line, "type");
    struct chaos_entry *e = paper_add(p);
    snprintf(e->id, sizeof(e->id), "%s", paper_text(line, "id"));
    if (strcmp(type, "reserve") == 0) {
        e->reserves = 1;
        e->number = paper_number(paper_text(line, "tag"), "call-");
        e->provider = paper_number(paper_text(line, "provider"), "p");
        e->images = (int32_t)json_integer_value(json_object_get(line, "images"));
        e->amount = paper_money(paper_text(line, "amount_usd"));
        snprintf(e->day, sizeof(e->day), "%.10s", paper_text(line, "time"));
    } else if (strcmp(type, "settle") == 0) {
        e->settles = 1;
        e->billed = paper_billed(paper_text(line, "billed"));
        e->estimated = json_is_true(json_object_get(line, "estimated"));
        e->cost = paper_money(paper_text(line, "cost_usd"));
        e->order = paper_number(paper_text(line, "request_id"), "r");
    } else {
        p->bad_lines++;
    }
}

static int paper_compare(const void *a, const void *b)
{
    const struct chaos_entry *x = a;
    const struct chaos_entry *y = b;
    int by_id = strcmp(x->id, y->id);
    return by_id != 0 ? by_id : y->reserves - x->reserves;
}

static int paper_by_number(const void *a, const void *b)
{
    const struct chaos_entry *x = a;
    const struct chaos_entry *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* The lines of an id to one entry; the entries by number. */
static void paper_join(struct chaos_paper *p)
{
    size_t kept = 0;
    qsort(p->entries, p->count, sizeof(*p->entries), paper_compare);
    for (size_t i = 0; i < p->count; i++) {
        const struct chaos_entry *e = &p->entries[i];
        if (kept == 0 || strcmp(p->entries[kept - 1].id, e->id) != 0) {
            p->entries[kept++] = *e;
            continue;
        }
        struct chaos_entry *of = &p->entries[kept - 1];
        of->reserves += e->reserves;
        of->settles += e->settles;
        if (e->settles) {
            of->billed = e->billed;
            of->estimated = e->estimated;
            of->cost = e->cost;
            of->order = e->order;
        }
    }
    p->count = kept;
    qsort(p->entries, p->count, sizeof(*p->entries), paper_by_number);
}

int32_t chaos_paper_read(struct chaos_paper *p, const char *path)
{
    char text[4096];
    FILE *file = fopen(path, "r");
    memset(p, 0, sizeof(*p));
    if (file == NULL)
        return 0;
    while (fgets(text, sizeof(text), file) != NULL) {
        json_t *line =
            strchr(text, '\n') != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (line == NULL)
            p->bad_lines++;
        else
            paper_line(p, line);
        json_decref(line);
    }
    fclose(file);
    if (p->count != 0)
        paper_join(p);
    return 1;
}

void chaos_paper_free(struct chaos_paper *p)
{
    free(p->entries);
    memset(p, 0, sizeof(*p));
}

void chaos_paper_sums(const struct chaos_paper *p, const char *day, struct chaos_sums *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < p->count; i++) {
        const struct chaos_entry *e = &p->entries[i];
        if (day != NULL && strcmp(e->day, day) != 0)
            continue;
        if (e->settles == 0) {
            ret->unsettled += e->amount;
        } else if (e->billed == APIPIE_BILLED_YES) {
            ret->spent += e->cost;
            ret->estimated += e->estimated ? e->cost : 0;
            ret->guessed += e->estimated;
            ret->yes++;
        } else if (e->billed == APIPIE_BILLED_UNKNOWN) {
            ret->unknown += e->amount;
            ret->unknowns++;
        } else {
            ret->no++;
        }
    }
}

void chaos_today(char out[12])
{
    struct timespec now;
    struct tm day;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &day);
    strftime(out, 12, "%Y-%m-%d", &day);
}
