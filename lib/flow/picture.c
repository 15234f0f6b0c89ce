/* SPDX-License-Identifier: MIT */
/* Knows how decoded bytes become a picture in the sink; must not know how they came. */
#include "flow/picture_priv.h"

void pie_picture_begin(struct pie_picture *c, struct pie_sink *sink, uint32_t *next_slot,
                       uint64_t max)
{
    c->sink = sink;
    c->next_slot = next_slot;
    c->max = max;
    c->slot = PIE_SLOT_NONE;
    c->status = c->gave_up = APIPIE_OK;
    c->problem[0] = '\0';
    pie_magic_init(&c->magic);
}

static void picture_broken(struct pie_picture *c, apipie_status status, const char *problem)
{
    if (c->status != APIPIE_OK)
        return;
    c->status = status;
    pie_text_display(pie_slice_text(problem), c->problem, sizeof(c->problem));
    if (c->slot != PIE_SLOT_NONE)
        c->sink->type->abort(c->sink, c->slot);
    c->slot = PIE_SLOT_NONE;
}

void pie_picture_break(struct pie_picture *c, apipie_status status, const char *problem)
{
    picture_broken(c, status, problem);
}

void pie_picture_give_up(struct pie_picture *c, apipie_status status, const char *problem)
{
    if (c->status == APIPIE_OK)
        c->gave_up = status;
    picture_broken(c, status, problem);
}

static void picture_too_large(struct pie_picture *c)
{
    char problem[sizeof(c->problem)] = "it has more bytes than the limit, ";
    char number[PIE_NUMBER_MAX];
    pie_number_uint_text(c->max, number);
    memcpy(problem + strlen(problem), number, strlen(number) + 1);
    pie_picture_give_up(c, APIPIE_E_TOO_LARGE, problem);
}

static void picture_check(struct pie_picture *c, apipie_status status)
{
    if (status != APIPIE_OK)
        pie_picture_give_up(c, status, c->sink->problem);
}

/* The sink learns of the picture when the format is known; what was held back goes first. */
static void picture_open(struct pie_picture *c, size_t held)
{
    c->slot = (*c->next_slot)++;
    if (c->view != NULL)
        pie_count_add(&c->view->begun, 1);
    picture_check(c, c->sink->type->begin(c->sink, c->slot, c->magic.mime));
    if (c->status == APIPIE_OK && held != 0)
        picture_check(c, c->sink->type->write(c->sink, c->slot, c->magic.head, held));
}

void pie_picture_write(struct pie_picture *c, const uint8_t *p, size_t n)
{
    if (c->status != APIPIE_OK || n == 0)
        return;
    if (n > c->max - c->magic.size) {
        picture_too_large(c);
        return;
    }
    size_t held = c->magic.have;
    pie_magic_write(&c->magic, p, n);
    if (c->magic.mime == NULL)
        return;
    if (c->slot == PIE_SLOT_NONE)
        picture_open(c, held);
    if (c->status == APIPIE_OK)
        picture_check(c, c->sink->type->write(c->sink, c->slot, p, n));
}

static void picture_close(struct pie_picture *c)
{
    pie_magic_end(&c->magic);
    if (c->slot == PIE_SLOT_NONE)
        picture_open(c, c->magic.have);
    if (c->status == APIPIE_OK)
        picture_check(c, c->sink->type->end(c->sink, c->slot));
}

void pie_picture_end(struct pie_picture *c, struct pie_part *part)
{
    if (c->status == APIPIE_OK && c->magic.size != 0)
        picture_close(c);
    part->slot = PIE_SLOT_NONE;
    if (c->status != APIPIE_OK) {
        part->kind = PIE_PART_BROKEN;
        part->status = c->status;
        memcpy(part->problem, c->problem, sizeof(part->problem));
        return;
    }
    part->kind = c->magic.size != 0 ? PIE_PART_IMAGE : PIE_PART_EMPTY;
    if (c->view != NULL && part->kind == PIE_PART_IMAGE)
        pie_count_add(&c->view->done, 1);
    part->slot = c->slot;
    part->size = c->magic.size;
    part->mime = c->magic.size != 0 ? c->magic.mime : NULL;
    part->width = c->magic.width;
    part->height = c->magic.height;
}
