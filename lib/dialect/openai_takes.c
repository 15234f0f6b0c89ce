/* SPDX-License-Identifier: MIT */
/* Knows which parameters and sizes OpenAI's image models take (https://platform.openai.com/docs/api-reference/images); must not
 * guess about others. */
#include "dialect/openai_priv.h"

#define TAKES_TEXT(which) (UINT32_C(1) << PIE_WISH_##which)

/* Of a data URL in an edit: characters. */
#define TAKES_URL_MAX ((size_t)20971520)

/* Side by side; all are also taken the other way round where they stand so. */
struct takes_size {
    int32_t width, height;
};

/* Sizes end with zeros. */
struct takes_model {
    const char *name;
    int32_t begins; /* names that begin so, for the list is not closed */
    uint32_t texts, numbers;
    const struct takes_size *sizes; /* NULL: any, as far as is known */
    size_t images;                  /* most input images */
};

#define TAKES_GPT_TEXTS                                                                            \
    (TAKES_TEXT(QUALITY) | TAKES_TEXT(USER) | TAKES_TEXT(BACKGROUND) | TAKES_TEXT(ENCODING) |      \
     TAKES_TEXT(MODERATION))
#define TAKES_GPT_NUMBERS                                                                          \
    (PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_COMPRESSION | PIE_WISH_HAS_STREAM |         \
     PIE_WISH_HAS_PARTIALS)

static const struct takes_size takes_dalle_2[] = {{256, 256}, {512, 512}, {1024, 1024}, {0, 0}};
static const struct takes_size takes_dalle_3[] = {{1024, 1024}, {1792, 1024}, {1024, 1792}, {0, 0}};
static const struct takes_size takes_gpt_1[] = {{1024, 1024}, {1536, 1024}, {1024, 1536}, {0, 0}};
/* A rule, no list: see takes_nearest_free(). */
static const struct takes_size takes_gpt_2[] = {{0, 0}};

/* The first that fits counts. */
static const struct takes_model takes_models[] = {
    {"dall-e-2", 0, TAKES_TEXT(QUALITY) | TAKES_TEXT(FORMAT) | TAKES_TEXT(USER),
     PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE, takes_dalle_2, 1},
    {"dall-e-3", 0, TAKES_TEXT(QUALITY) | TAKES_TEXT(FORMAT) | TAKES_TEXT(USER) | TAKES_TEXT(STYLE),
     PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE, takes_dalle_3, 0},
    {"gpt-image-1-mini", 1, TAKES_GPT_TEXTS, TAKES_GPT_NUMBERS, takes_gpt_1, 16},
    {"gpt-image-1.5", 0, TAKES_GPT_TEXTS | TAKES_TEXT(FIDELITY), TAKES_GPT_NUMBERS, takes_gpt_1,
     16},
    {"gpt-image-1", 0, TAKES_GPT_TEXTS | TAKES_TEXT(FIDELITY), TAKES_GPT_NUMBERS, takes_gpt_1, 16},
    {"gpt-image-2", 0, TAKES_GPT_TEXTS | TAKES_TEXT(FIDELITY), TAKES_GPT_NUMBERS, takes_gpt_2, 16},
    {"gpt-image-2-", 1, TAKES_GPT_TEXTS | TAKES_TEXT(FIDELITY), TAKES_GPT_NUMBERS, takes_gpt_2, 16},
    {"gpt-image-", 1, TAKES_GPT_TEXTS | TAKES_TEXT(FIDELITY), TAKES_GPT_NUMBERS, NULL, 16},
    {"chatgpt-image-", 1, TAKES_GPT_TEXTS | TAKES_TEXT(FIDELITY), TAKES_GPT_NUMBERS, NULL, 16},
};

static const struct takes_model *takes_find(const char *model)
{
    for (size_t i = 0; model != NULL && i < PIE_COUNT(takes_models); i++) {
        const struct takes_model *m = &takes_models[i];
        if (m->begins ? strncmp(model, m->name, strlen(m->name)) == 0 : strcmp(model, m->name) == 0)
            return m;
    }
    return NULL;
}

int32_t pie_openai_draws(const char *model)
{
    return takes_find(model) != NULL;
}

int32_t pie_openai_route(const struct pie_call *c)
{
    if (c->wish->kind == APIPIE_REQUEST_VARIATION)
        return PIE_OPENAI_VARIATIONS;
    return c->images != 0 ? PIE_OPENAI_EDITS : PIE_OPENAI_GENERATIONS;
}

int32_t pie_openai_by_url(const struct pie_call *c)
{
    int32_t by_url = c->mask != NULL && c->mask->kind == PIE_INPUT_URL;
    for (size_t i = 0; i < c->images; i++)
        by_url |= c->wish->images.items[i].kind == PIE_INPUT_URL;
    return by_url;
}

static void takes_narrow_model(const struct takes_model *m, struct pie_takes *takes)
{
    takes->texts &= m->texts;
    takes->numbers &= m->numbers;
    takes->images = takes->images < m->images ? takes->images : m->images;
    takes->mask &= m->images != 0;
}

void pie_openai_narrow(const struct pie_call *c, struct pie_takes *takes)
{
    const struct takes_model *m = takes_find(c->model);
    if (m != NULL)
        takes_narrow_model(m, takes);
    if (c->wish->kind == APIPIE_REQUEST_VARIATION) {
        takes->texts &= TAKES_TEXT(FORMAT) | TAKES_TEXT(USER);
        takes->numbers &= PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE;
        takes->images = takes->images != 0;
        takes->mask = 0;
    } else if (c->images == 0 || takes->images == 0) {
        takes->texts &= ~TAKES_TEXT(FIDELITY);
    } else {
        takes->texts &= ~TAKES_TEXT(STYLE);
        if (!pie_openai_by_url(c))
            takes->texts &= ~TAKES_TEXT(MODERATION);
    }
}

/* ---- sizes */

/* In thousandths of the longer one. */
static int32_t takes_distance(int32_t a, int32_t b)
{
    return a > b ? (a - b) * 1000 / a : (b - a) * 1000 / b;
}

static struct takes_size takes_nearest_listed(const struct takes_size *sizes, int32_t width,
                                              int32_t height)
{
    struct takes_size best = sizes[0];
    int32_t least = INT32_MAX;
    for (; sizes->width != 0; sizes++) {
        int32_t distance =
            takes_distance(sizes->width, width) + takes_distance(sizes->height, height);
        if (distance < least) {
            least = distance;
            best = *sizes;
        }
    }
    return best;
}

static int32_t takes_clamp(int32_t v, int32_t most)
{
    v = (v + 8) / 16 * 16;
    return v < 16 ? 16 : v > most ? most : v;
}

/* Both sides in sixteens, none longer than three times the other, within 3840x2160 or 2160x3840. */
static struct takes_size takes_nearest_free(int32_t width, int32_t height)
{
    struct takes_size s;
    s.width = takes_clamp(width, width >= height ? 3840 : 2160);
    s.height = takes_clamp(height, width >= height ? 2160 : 3840);
    if (s.width > 3 * s.height)
        s.width = 3 * s.height;
    if (s.height > 3 * s.width)
        s.height = 3 * s.width;
    return s;
}

#define TAKES_SIZE_TEXT (2 * PIE_NUMBER_MAX + 2)

static void takes_size_text(int32_t width, int32_t height, char out[TAKES_SIZE_TEXT])
{
    pie_number_int_text(width, out);
    size_t n = strlen(out);
    out[n++] = 'x';
    pie_number_int_text(height, out + n);
}

static apipie_status takes_fit_size(const struct takes_model *m, struct pie_call *c,
                                    struct pie_buf *notes, struct apipie_error *err)
{
    char asked[TAKES_SIZE_TEXT];
    char nearest[TAKES_SIZE_TEXT + 64] = "set_size: the model does not draw it: became ";
    if (m->sizes == NULL || !pie_call_has(c, PIE_WISH_HAS_SIZE))
        return APIPIE_OK;
    struct takes_size s = m->sizes[0].width != 0
                              ? takes_nearest_listed(m->sizes, c->width, c->height)
                              : takes_nearest_free(c->width, c->height);
    if (s.width == c->width && s.height == c->height)
        return APIPIE_OK;
    takes_size_text(c->width, c->height, asked);
    takes_size_text(s.width, s.height, nearest + strlen(nearest));
    if (pie_call_may_change(c)) {
        pie_call_note(notes, nearest, "");
        c->width = s.width;
        c->height = s.height;
    } else if (pie_call_leave_out(c, "set_size", ": the model does not draw this size: ", asked,
                                  notes, err)) {
        c->has &= ~(uint32_t)PIE_WISH_HAS_SIZE;
    } else {
        return err->code;
    }
    return APIPIE_OK;
}

/* ---- pictures */

static int32_t takes_is_long(const struct pie_input *in)
{
    uint64_t n = in->kind == PIE_INPUT_URL ? in->n : pie_input_size(in) / 3 * 4 + 64;
    return n > TAKES_URL_MAX;
}

/* NULL, or what is wrong. */
static const char *takes_problem(const struct takes_model *m, const struct pie_call *c)
{
    int32_t too_long = c->mask != NULL && takes_is_long(c->mask);
    if (c->images == 0 && c->wish->kind != APIPIE_REQUEST_IMAGE)
        return "the model starts from no image";
    if (!pie_openai_by_url(c))
        return NULL;
    if (c->wish->kind == APIPIE_REQUEST_VARIATION)
        return "set_image_url: a variation needs the image itself";
    if (m != NULL && m->images == 1)
        return "set_image_url: the model needs the image itself";
    for (size_t i = 0; i < c->images; i++)
        too_long |= takes_is_long(&c->wish->images.items[i]);
    return too_long ? "set_image_url: with a URL among them, no image may have more than 15 MB"
                    : NULL;
}

static apipie_status takes_fit_prompt(struct pie_call *c, struct pie_buf *notes,
                                      struct apipie_error *err)
{
    if (c->wish->kind != APIPIE_REQUEST_VARIATION || pie_call_text(c, PIE_WISH_PROMPT) == NULL)
        return APIPIE_OK;
    if (!pie_call_leave_out(c, "set_prompt", ": a variation takes none", NULL, notes, err))
        return err->code;
    c->left_out |= TAKES_TEXT(PROMPT);
    return APIPIE_OK;
}

apipie_status pie_openai_fit(struct pie_call *c, struct pie_buf *notes, struct apipie_error *err)
{
    const struct takes_model *m = takes_find(c->model);
    const char *problem = takes_problem(m, c);
    if (problem != NULL) {
        pie_error_set(err, APIPIE_E_UNSUPPORTED, "give other images, or ask another model", problem,
                      c->model != NULL ? ": " : NULL, c->model);
        return err->code;
    }
    apipie_status status = takes_fit_prompt(c, notes, err);
    return status == APIPIE_OK && m != NULL ? takes_fit_size(m, c, notes, err) : status;
}
