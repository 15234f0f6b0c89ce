/* SPDX-License-Identifier: MIT */
/* Knows what a request may wish for; must not know what any server calls it. */
#include "data/data.h"

void pie_wish_init(struct pie_wish *w, const struct pie_mem *mem, int32_t kind)
{
    memset(w, 0, sizeof(*w));
    w->mem = mem;
    w->kind = kind;
    w->budget = APIPIE_UNKNOWN;
    w->partial_images = APIPIE_UNKNOWN;
    pie_routes_init(&w->routes, mem);
    pie_headers_init_custom(&w->headers, mem);
}

static void wish_extra_free(const struct pie_mem *mem, struct pie_extra *e)
{
    pie_mem_free(mem, e->name);
    pie_mem_free(mem, e->json);
    pie_mem_free(mem, e);
}

static void wish_filter_free(const struct pie_mem *mem, struct pie_filter *f)
{
    pie_mem_free(mem, f->name);
    pie_mem_free(mem, f->value);
    pie_mem_free(mem, f);
}

void pie_wish_clear_sink(struct pie_wish *w)
{
    if (w->sink.user_free != NULL)
        w->sink.user_free(w->sink.user);
    memset(&w->sink, 0, sizeof(w->sink));
}

void pie_wish_free(struct pie_wish *w)
{
    for (size_t i = 0; i < PIE_WISH_TEXTS; i++)
        w->text[i] = pie_mem_free(w->mem, w->text[i]);
    pie_inputs_clear(w->mem, &w->images);
    pie_input_free(w->mem, &w->mask);
    while (w->extras != NULL) {
        struct pie_extra *next = w->extras->next;
        wish_extra_free(w->mem, w->extras);
        w->extras = next;
    }
    while (w->filters != NULL) {
        struct pie_filter *next = w->filters->next;
        wish_filter_free(w->mem, w->filters);
        w->filters = next;
    }
    pie_routes_clear(&w->routes);
    pie_headers_free(&w->headers);
    pie_wish_clear_sink(w);
}

apipie_status pie_wish_set_text(struct pie_wish *w, int32_t which, const char *text, size_t n)
{
    char *copy = NULL;
    if (text != NULL) {
        copy = pie_mem_text(w->mem, text, n);
        if (copy == NULL)
            return APIPIE_E_MEMORY;
    }
    pie_mem_free(w->mem, w->text[which]);
    w->text[which] = copy;
    return APIPIE_OK;
}

apipie_status pie_wish_set_image(struct pie_wish *w, const struct pie_input *image)
{
    struct pie_inputs fresh = {NULL, 0};
    apipie_status status = image != NULL ? pie_inputs_add(w->mem, &fresh, image) : APIPIE_OK;
    if (status != APIPIE_OK) {
        pie_inputs_clear(w->mem, &fresh);
        return status;
    }
    pie_inputs_clear(w->mem, &w->images);
    w->images = fresh;
    return APIPIE_OK;
}

/* The place of a name in the list: where it is, or the end. */
static struct pie_extra **wish_extra_place(struct pie_wish *w, const char *name)
{
    struct pie_extra **at = &w->extras;
    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static struct pie_extra *wish_extra_new(const struct pie_mem *mem, const char *name,
                                        const char *json)
{
    struct pie_extra *e = pie_mem_new(mem, 1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->name = pie_mem_text(mem, name, strlen(name));
    e->json = pie_mem_text(mem, json, strlen(json));
    if (e->name == NULL || e->json == NULL) {
        wish_extra_free(mem, e);
        return NULL;
    }
    return e;
}

apipie_status pie_wish_set_extra(struct pie_wish *w, const char *name, const char *json)
{
    struct pie_extra **at = wish_extra_place(w, name);
    struct pie_extra *fresh = NULL;
    if (json != NULL) {
        fresh = wish_extra_new(w->mem, name, json);
        if (fresh == NULL)
            return APIPIE_E_MEMORY;
    }
    struct pie_extra *old = *at;
    struct pie_extra *next = old != NULL ? old->next : NULL;
    if (fresh != NULL)
        fresh->next = next;
    *at = fresh != NULL ? fresh : next;
    if (old != NULL)
        wish_extra_free(w->mem, old);
    return APIPIE_OK;
}

static struct pie_filter *wish_filter_new(const struct pie_mem *mem, const char *name,
                                          const char *value)
{
    struct pie_filter *f = pie_mem_new(mem, 1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->name = pie_mem_text(mem, name, strlen(name));
    f->value = value != NULL ? pie_mem_text(mem, value, strlen(value)) : NULL;
    if (f->name == NULL || (value != NULL && f->value == NULL)) {
        wish_filter_free(mem, f);
        return NULL;
    }
    return f;
}

apipie_status pie_wish_set_filter(struct pie_wish *w, const char *name, const char *value)
{
    struct pie_filter **at = &w->filters;
    struct pie_filter *fresh = NULL;
    while (*at != NULL && strcmp((*at)->name, name) < 0)
        at = &(*at)->next;
    if (value == NULL || value[0] != '\0') {
        fresh = wish_filter_new(w->mem, name, value);
        if (fresh == NULL)
            return APIPIE_E_MEMORY;
    }
    struct pie_filter *next = *at;
    if (next != NULL && strcmp(next->name, name) == 0) {
        struct pie_filter *old = next;
        next = old->next;
        wish_filter_free(w->mem, old);
    }
    if (fresh != NULL)
        fresh->next = next;
    *at = fresh != NULL ? fresh : next;
    return APIPIE_OK;
}

const char *pie_wish_extra(const struct pie_wish *w, const char *name)
{
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next) {
        if (strcmp(e->name, name) == 0)
            return e->json;
    }
    return NULL;
}

size_t pie_wish_extra_bytes(const struct pie_wish *w)
{
    size_t n = 0;
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next)
        n += strlen(e->name) + strlen(e->json);
    return n;
}

static apipie_status wish_copy_owned(struct pie_wish *to, const struct pie_wish *from)
{
    apipie_status status = APIPIE_OK;
    for (int32_t i = 0; i < PIE_WISH_TEXTS && status == APIPIE_OK; i++) {
        if (from->text[i] != NULL)
            status = pie_wish_set_text(to, i, from->text[i], strlen(from->text[i]));
    }
    if (status == APIPIE_OK)
        status = pie_inputs_add_all(to->mem, &to->images, &from->images);
    if (status == APIPIE_OK)
        status = pie_input_copy(to->mem, &to->mask, &from->mask);
    for (const struct pie_extra *e = from->extras; e != NULL && status == APIPIE_OK; e = e->next)
        status = pie_wish_set_extra(to, e->name, e->json);
    for (const struct pie_filter *f = from->filters; f != NULL && status == APIPIE_OK; f = f->next)
        status = pie_wish_set_filter(to, f->name, f->value);
    if (status == APIPIE_OK)
        status = pie_headers_add_all(&to->headers, &from->headers);
    return status == APIPIE_OK ? pie_routes_add_all(&to->routes, &from->routes) : status;
}

apipie_status pie_wish_copy(struct pie_wish *to, const struct pie_wish *from)
{
    *to = *from;
    memset(to->text, 0, sizeof(to->text));
    memset(&to->sink, 0, sizeof(to->sink));
    memset(&to->images, 0, sizeof(to->images));
    memset(&to->mask, 0, sizeof(to->mask));
    to->extras = NULL;
    to->filters = NULL;
    pie_routes_init(&to->routes, to->mem);
    pie_headers_init_custom(&to->headers, to->mem);
    if (to->output == PIE_OUTPUT_HOST)
        to->output = PIE_OUTPUT_MEMORY;
    apipie_status status = wish_copy_owned(to, from);
    if (status != APIPIE_OK)
        pie_wish_free(to);
    return status;
}
