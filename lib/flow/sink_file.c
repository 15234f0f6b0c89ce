/* SPDX-License-Identifier: MIT */
/* Knows how pictures become files that are whole or not there; must not know how the pictures came. */
#include "flow/sink_priv.h"

/* How often another number is tried for a name that is taken. */
#define SINKFILE_TRIES 9999

enum { SINKFILE_FREE, SINKFILE_OPEN, SINKFILE_ENDED };

/* What is written for one slot: a temporary file, or (temp NULL) the device itself. */
struct sinkfile_slot {
    int32_t state;
    pie_file file;
    char *temp;
    const char *mime;
    int32_t dirty; /* bytes went to a device: they cannot be taken back */
};

struct sinkfile {
    struct pie_sink base;
    const struct pie_mem *mem;
    const struct pie_wish *wish;
    const char *path; /* the file, or the folder */
    int32_t folder;
    int32_t stream;              /* a device or pipe */
    struct sinkfile_slot opened; /* by open(), for whichever slot begins first */
    struct pie_slots slots;      /* of struct sinkfile_slot */
};

static struct sinkfile *sinkfile_of(struct pie_sink *s)
{
    return (struct sinkfile *)(void *)s;
}

static struct sinkfile_slot *sinkfile_get(struct pie_sink *s, uint32_t slot)
{
    return pie_slots_get(&sinkfile_of(s)->slots, slot);
}

static apipie_status sinkfile_problem(struct sinkfile *f, apipie_status status, const char *why)
{
    return pie_sink_failed(&f->base, status, f->path, why);
}

/* ---- one slot */

static apipie_status sinkfile_slot_open(struct sinkfile *f, struct sinkfile_slot *slot,
                                        const char **ret_reason)
{
    apipie_status status;
    if (f->stream)
        status = pie_file_open_special(f->path, &slot->file, ret_reason);
    else
        status =
            pie_name_temporary(f->mem, f->path, f->folder, &slot->file, &slot->temp, ret_reason);
    if (status == APIPIE_OK)
        slot->state = SINKFILE_OPEN;
    return status;
}

static apipie_status sinkfile_slot_close(struct sinkfile_slot *slot, const char **ret_reason)
{
    if (slot->state != SINKFILE_OPEN)
        return APIPIE_OK;
    slot->state = SINKFILE_ENDED;
    return pie_file_close(slot->file, ret_reason);
}

/* Nothing of the slot stays, on the disk neither. */
static void sinkfile_slot_drop(struct sinkfile *f, struct sinkfile_slot *slot)
{
    const char *reason = NULL;
    sinkfile_slot_close(slot, &reason);
    if (slot->temp != NULL)
        pie_file_remove(slot->temp);
    pie_mem_free(f->mem, slot->temp);
    memset(slot, 0, sizeof(*slot));
}

/* ---- before anything is sent */

/* What would fail only at the end, when the picture is paid for. */
static const char *sinkfile_refusal(struct sinkfile *f)
{
    int32_t kind = pie_path_kind(f->path);
    if (f->path[0] == '\0')
        return "the name is empty";
    if (f->folder)
        return kind == PIE_PATH_FOLDER ? NULL : "there is no such folder";
    if (kind == PIE_PATH_FOLDER || pie_name_last(f->path) == 0)
        return "it is a folder";
    return pie_name_last(f->path) > 255 ? "the name is too long" : NULL;
}

static apipie_status sinkfile_open_failed(struct sinkfile *f, struct apipie_error *err,
                                          apipie_status status, const char *why)
{
    static const char hint[] = "Choose an output that exists and can be written. Nothing was sent.";
    sinkfile_problem(f, status, why);
    pie_error_set(err, status, hint, f->base.problem, NULL, NULL);
    return status;
}

static apipie_status sinkfile_open(struct pie_sink *s, struct apipie_error *err)
{
    struct sinkfile *f = sinkfile_of(s);
    const char *why = sinkfile_refusal(f);
    if (why != NULL)
        return sinkfile_open_failed(f, err, APIPIE_E_FILE, why);
    f->stream = !f->folder && pie_name_is_stream(f->path);
    apipie_status status = sinkfile_slot_open(f, &f->opened, &why);
    if (status != APIPIE_OK)
        return sinkfile_open_failed(f, err, status, why);
    return APIPIE_OK;
}

/* ---- while the reply arrives */

/* A stream has room for one picture, from its first byte. */
static apipie_status sinkfile_begin_stream(struct sinkfile *f, struct sinkfile_slot *slot)
{
    if (slot->dirty)
        return sinkfile_problem(f, APIPIE_E_FILE, "a part of another try is in it already");
    if (slot->state != SINKFILE_OPEN && f->opened.state != SINKFILE_OPEN)
        return sinkfile_problem(f, APIPIE_E_FILE, "there is room for one picture only");
    if (slot->state != SINKFILE_OPEN) {
        *slot = f->opened;
        memset(&f->opened, 0, sizeof(f->opened));
    }
    return APIPIE_OK;
}

static apipie_status sinkfile_begin_file(struct sinkfile *f, struct sinkfile_slot *slot)
{
    const char *why = NULL;
    sinkfile_slot_drop(f, slot);
    if (f->opened.state == SINKFILE_OPEN) {
        *slot = f->opened;
        memset(&f->opened, 0, sizeof(f->opened));
        return APIPIE_OK;
    }
    apipie_status status = sinkfile_slot_open(f, slot, &why);
    return status == APIPIE_OK ? APIPIE_OK : sinkfile_problem(f, status, why);
}

static apipie_status sinkfile_begin(struct pie_sink *s, uint32_t number, const char *mime)
{
    struct sinkfile *f = sinkfile_of(s);
    struct sinkfile_slot *slot = sinkfile_get(s, number);
    if (slot == NULL)
        return sinkfile_problem(f, APIPIE_E_MEMORY, "out of memory");
    apipie_status status =
        f->stream ? sinkfile_begin_stream(f, slot) : sinkfile_begin_file(f, slot);
    if (status == APIPIE_OK)
        slot->mime = mime;
    return status;
}

static apipie_status sinkfile_write(struct pie_sink *s, uint32_t number, const uint8_t *p, size_t n)
{
    struct sinkfile *f = sinkfile_of(s);
    struct sinkfile_slot *slot = sinkfile_get(s, number);
    const char *why = "it is not open";
    if (slot == NULL || slot->state != SINKFILE_OPEN)
        return sinkfile_problem(f, APIPIE_E_INTERNAL, why);
    slot->dirty = f->stream;
    apipie_status status = sinkfile_of(s)->stream ? pie_file_write_special(slot->file, p, n, &why)
                                                  : pie_file_write(slot->file, p, n, &why);
    return status == APIPIE_OK ? APIPIE_OK : sinkfile_problem(f, status, why);
}

static apipie_status sinkfile_end(struct pie_sink *s, uint32_t number)
{
    struct sinkfile *f = sinkfile_of(s);
    struct sinkfile_slot *slot = sinkfile_get(s, number);
    const char *why = "it is not open";
    if (slot == NULL)
        return sinkfile_problem(f, APIPIE_E_INTERNAL, why);
    apipie_status status = sinkfile_slot_close(slot, &why);
    return status == APIPIE_OK ? APIPIE_OK : sinkfile_problem(f, status, why);
}

/* ---- when the reply was understood */

/* The name in a folder: the stem, and from 2 on a number. */
static char *sinkfile_folder_name(struct sinkfile *f, const char *mime, uint64_t number)
{
    const char *const *text = (const char *const *)f->wish->text;
    size_t n = strlen(f->path);
    char stem[PIE_NAME_STEM];
    struct pie_buf name;
    if (text[PIE_WISH_STEM] != NULL)
        pie_name_from_stem(pie_slice_text(text[PIE_WISH_STEM]), stem);
    else
        pie_name_from_prompt(pie_slice_text(text[PIE_WISH_PROMPT]), stem);
    pie_buf_init(&name, f->mem, SIZE_MAX);
    pie_buf_add(&name, f->path, n);
    pie_buf_add_text(&name, f->path[n - 1] == '/' ? "" : "/");
    pie_buf_add_text(&name, stem);
    if (number > 1) {
        pie_buf_add_char(&name, '-');
        pie_buf_add_uint(&name, number);
    }
    pie_buf_add_text(&name, pie_magic_extension(mime));
    if (name.failed != APIPIE_OK)
        pie_buf_free(&name);
    return name.p;
}

/* Never over a file that is there: the image's number is the first one tried. */
static apipie_status sinkfile_publish(struct sinkfile *f, const struct sinkfile_slot *slot,
                                      size_t index, char **ret)
{
    const char *why = "all its names are taken";
    apipie_status status = APIPIE_E_STATE;
    for (uint64_t i = 1; status == APIPIE_E_STATE && i <= SINKFILE_TRIES; i++) {
        char *name = sinkfile_folder_name(f, slot->mime, index + i);
        if (name == NULL)
            return sinkfile_problem(f, APIPIE_E_MEMORY, "out of memory");
        status = pie_file_publish(slot->temp, name, &why);
        if (status == APIPIE_OK)
            *ret = name;
        else
            pie_mem_free(f->mem, name);
    }
    if (status != APIPIE_OK)
        return sinkfile_problem(f, APIPIE_E_FILE, why);
    return APIPIE_OK;
}

static apipie_status sinkfile_replace(struct sinkfile *f, const struct sinkfile_slot *slot,
                                      size_t index, char **ret)
{
    const char *why = NULL;
    char *name = pie_name_numbered(f->mem, f->path, index + 1);
    if (name == NULL)
        return sinkfile_problem(f, APIPIE_E_MEMORY, "out of memory");
    apipie_status status = f->stream ? APIPIE_OK : pie_file_replace(slot->temp, name, &why);
    if (status != APIPIE_OK) {
        pie_sink_failed(&f->base, status, name, why);
        pie_mem_free(f->mem, name);
        return status;
    }
    *ret = name;
    return APIPIE_OK;
}

static apipie_status sinkfile_commit(struct pie_sink *s, uint32_t number, size_t index,
                                     size_t count, struct pie_image *image)
{
    struct sinkfile *f = sinkfile_of(s);
    struct sinkfile_slot *slot = sinkfile_get(s, number);
    char *name = NULL;
    (void)count;
    if (slot == NULL || slot->state == SINKFILE_FREE)
        return sinkfile_problem(f, APIPIE_E_INTERNAL, "it was never begun");
    apipie_status status = sinkfile_end(s, number);
    if (status == APIPIE_OK && f->folder)
        status = sinkfile_publish(f, slot, index, &name);
    else if (status == APIPIE_OK)
        status = sinkfile_replace(f, slot, f->stream ? 0 : index, &name);
    if (status == APIPIE_OK) {
        pie_mem_free(f->mem, image->path);
        image->path = name;
        slot->temp = pie_mem_free(f->mem, slot->temp);
    }
    sinkfile_slot_drop(f, slot);
    return status;
}

/* A device keeps what it got: then the slot stays dirty, so that nothing is written behind it. */
static void sinkfile_abort(struct pie_sink *s, uint32_t number)
{
    struct sinkfile *f = sinkfile_of(s);
    struct sinkfile_slot *slot = number < f->slots.count ? sinkfile_get(s, number) : NULL;
    const char *why = NULL;
    if (slot == NULL || slot->state == SINKFILE_FREE)
        return;
    if (!f->stream)
        sinkfile_slot_drop(f, slot);
    else if (slot->dirty)
        sinkfile_slot_close(slot, &why);
}

static void sinkfile_close(struct pie_sink *s)
{
    struct sinkfile *f = sinkfile_of(s);
    for (size_t i = 0; i < f->slots.count; i++)
        sinkfile_slot_drop(f, sinkfile_get(s, (uint32_t)i));
    sinkfile_slot_drop(f, &f->opened);
    pie_mem_free(f->mem, f->slots.list);
    pie_mem_free(f->mem, f);
}

static int32_t sinkfile_can_restart(struct pie_sink *s)
{
    struct sinkfile *f = sinkfile_of(s);
    for (size_t i = 0; f->stream && i < f->slots.count; i++) {
        if (sinkfile_get(s, (uint32_t)i)->dirty)
            return 0;
    }
    return 1;
}

static const struct pie_sink_type sinkfile_type = {
    "file",          sinkfile_open,  sinkfile_begin, sinkfile_write,      sinkfile_end,
    sinkfile_commit, sinkfile_abort, sinkfile_close, sinkfile_can_restart};

apipie_status pie_sink_file_new(const struct pie_mem *mem, const struct pie_wish *wish,
                                struct pie_sink **ret)
{
    struct sinkfile *f = pie_mem_new(mem, 1, sizeof(*f));
    if (f == NULL)
        return APIPIE_E_MEMORY;
    f->base.type = &sinkfile_type;
    f->mem = mem;
    f->wish = wish;
    f->path = wish->text[PIE_WISH_OUTPUT] != NULL ? wish->text[PIE_WISH_OUTPUT] : "";
    f->folder = wish->output == PIE_OUTPUT_FOLDER;
    f->slots.mem = mem;
    f->slots.record = sizeof(struct sinkfile_slot);
    *ret = &f->base;
    return APIPIE_OK;
}
