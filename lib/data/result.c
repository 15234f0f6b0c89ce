/* SPDX-License-Identifier: MIT */
/* Knows what a request brought; must not know how it came. */
#include "data/data.h"

struct apipie_result *pie_result_new(const struct pie_mem *mem)
{
    struct apipie_result *r = pie_mem_new(mem, 1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->mem = mem;
    r->created_ms = APIPIE_UNKNOWN;
    r->billed = APIPIE_BILLED_UNKNOWN; /* until somebody knows */
    r->usage.cost = r->usage.latency_ms = APIPIE_UNKNOWN;
    r->usage.prompt_tokens = r->usage.completion_tokens = r->usage.total_tokens = APIPIE_UNKNOWN;
    for (size_t i = 0; i < PIE_TOKEN_DETAILS; i++)
        r->usage.detail[i] = APIPIE_UNKNOWN;
    pie_buf_init(&r->json, mem, SIZE_MAX);
    return r;
}

static void result_image_free(const struct pie_mem *mem, struct pie_image *image)
{
    pie_buf_free(&image->data);
    pie_mem_free(mem, image->path);
    pie_mem_free(mem, image->url);
    pie_mem_free(mem, image->revised_prompt);
}

struct apipie_result *pie_result_free(struct apipie_result *r)
{
    if (r == NULL)
        return NULL;
    for (size_t i = 0; i < r->count; i++)
        result_image_free(r->mem, &r->images[i]);
    for (size_t i = 0; i < r->warning_count; i++)
        pie_mem_free(r->mem, r->warnings[i]);
    pie_mem_free(r->mem, r->images);
    pie_mem_free(r->mem, r->provider);
    pie_mem_free(r->mem, r->model);
    pie_buf_free(&r->json);
    return pie_mem_free(r->mem, r);
}

apipie_status pie_result_grow(struct apipie_result *r, size_t count)
{
    if (count <= r->count)
        return APIPIE_OK;
    if (count > SIZE_MAX / sizeof(*r->images))
        return APIPIE_E_MEMORY;
    struct pie_image *images = pie_mem_resize(r->mem, r->images, count * sizeof(*images));
    if (images == NULL)
        return APIPIE_E_MEMORY;
    r->images = images;
    for (; r->count < count; r->count++) {
        struct pie_image *image = &images[r->count];
        memset(image, 0, sizeof(*image));
        image->slot = PIE_SLOT_NONE;
        pie_buf_init(&image->data, r->mem, SIZE_MAX);
    }
    return APIPIE_OK;
}

void pie_image_take(struct pie_image *image, const struct pie_part *part)
{
    image->slot = part->slot;
    image->size = part->size;
    image->mime = part->mime;
    image->width = part->width;
    image->height = part->height;
    image->status = APIPIE_OK;
    image->problem[0] = '\0';
}

void pie_result_warn(struct apipie_result *r, const char *a, const char *b)
{
    if (r->warning_count == PIE_WARNINGS)
        return;
    struct pie_buf text;
    char line[400];
    pie_buf_init(&text, r->mem, 4096);
    pie_buf_add_text(&text, a != NULL ? a : "");
    pie_buf_add_text(&text, b != NULL ? b : "");
    if (text.failed == APIPIE_OK) {
        pie_text_display(pie_buf_slice(&text), line, sizeof(line));
        char *copy = pie_mem_text(r->mem, line, strlen(line));
        if (copy != NULL)
            r->warnings[r->warning_count++] = copy;
    }
    pie_buf_free(&text);
}

size_t pie_result_whole(const struct apipie_result *r)
{
    size_t whole = 0;
    for (size_t i = 0; i < r->count; i++)
        whole += r->images[i].size != 0;
    return whole;
}
