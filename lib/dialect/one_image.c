/* SPDX-License-Identifier: MIT */
/* Knows how servers say that a model makes one image a call; must not judge anything else they say. */
#include "dialect/explain_priv.h"

/* What may not stand beside a phrase, lest the message mean something else. */
enum {
    ONE_IMAGE_LIMIT, /* "n=20 is not supported, the maximum is 10": a larger number than one */
    ONE_IMAGE_LAST,  /* "n must be 1 or more", "n must be 1 to 4": what makes it more than one */
    ONE_IMAGE_DRAWN  /* "only one image may be uploaded": words of input images */
};

/* Phrases of messages as one_image_plain() writes them: small letters, no quotes, any name of the count is "n", "one" is
 * "1", the "t" of "isn't" is "not", signs stand alone. '#' is any whole number. */
static const struct {
    const char *words;
    int32_t guard;
} one_image_phrases[] = {
    /* OpenAI's dall-e-3: "You must provide n=1 for this model." */
    {"provide n = 1", ONE_IMAGE_LAST},
    /* Azure, gateways: "Only n=1 is supported for ...", "dall-e-3 only supports n=1" */
    {"only n = 1", ONE_IMAGE_LAST},
    {"only supports n = 1", ONE_IMAGE_LAST},
    {"only support n = 1", ONE_IMAGE_LAST},
    {"only supported with n = 1", ONE_IMAGE_LAST},
    {"only supported for n = 1", ONE_IMAGE_LAST},
    {"only available with n = 1", ONE_IMAGE_LAST},
    {"requires n = 1", ONE_IMAGE_LAST},
    {"n must be 1", ONE_IMAGE_LAST},
    {"n must be = 1", ONE_IMAGE_LAST},
    {"n must be <= 1", ONE_IMAGE_LAST},
    {"n must equal 1", ONE_IMAGE_LAST},
    {"n must be equal to 1", ONE_IMAGE_LAST},
    {"n must be set to 1", ONE_IMAGE_LAST},
    {"n must be exactly 1", ONE_IMAGE_LAST},
    {"n must be at most 1", ONE_IMAGE_LAST},
    {"n must be less than or equal to 1", ONE_IMAGE_LAST},
    {"n must not exceed 1", ONE_IMAGE_LAST},
    {"n should be 1", ONE_IMAGE_LAST},
    {"n has to be 1", ONE_IMAGE_LAST},
    {"n can only be 1", ONE_IMAGE_LAST},
    {"n cannot exceed 1", ONE_IMAGE_LAST},
    {"n cannot be greater than 1", ONE_IMAGE_LAST},
    {"n cannot be more than 1", ONE_IMAGE_LAST},
    {"n is limited to 1", ONE_IMAGE_LAST},
    /* FastAPI's list as text: "'loc': ('body', 'n'), 'msg': 'Input should be less than or equal to 1'" */
    {"n msg input should be less than or equal to 1", ONE_IMAGE_LAST},
    {"n msg ensure this value is less than or equal to 1", ONE_IMAGE_LAST},
    /* LocalAI, llama.cpp and others: "n > 1 is not supported" */
    {"n > 1 is not", ONE_IMAGE_LIMIT},
    {"n > 1 isn not", ONE_IMAGE_LIMIT},
    {"n > 1 not supported", ONE_IMAGE_LIMIT},
    {"n > 1 is unsupported", ONE_IMAGE_LIMIT},
    {"n greater than 1 is not", ONE_IMAGE_LIMIT},
    {"n larger than 1 is not", ONE_IMAGE_LIMIT},
    {"not support n > 1", ONE_IMAGE_LAST},
    {"not support n greater than 1", ONE_IMAGE_LAST},
    /* LiteLLM: "n=2 is not supported for model ...", "... does not support parameters: {'n': 2}" or "['n']" */
    {"n = # is not supported", ONE_IMAGE_LIMIT},
    {"not support parameters n", ONE_IMAGE_LIMIT},
    /* a gateway that hands the call on as a tool of another interface: "Unknown parameter: 'tools[0].n'." */
    {"unknown parameter tools # n", ONE_IMAGE_LIMIT},
    {"unknown parameter n", ONE_IMAGE_LIMIT},
    {"unsupported parameter n", ONE_IMAGE_LIMIT},
    {"only 1 image", ONE_IMAGE_DRAWN},
    {"exactly 1 image", ONE_IMAGE_DRAWN},
    {"only generate 1 image", ONE_IMAGE_DRAWN},
    {"only generates 1 image", ONE_IMAGE_DRAWN},
    {"only supports 1 image", ONE_IMAGE_DRAWN},
    {"only supports generating 1 image", ONE_IMAGE_DRAWN},
    {"1 image per request", ONE_IMAGE_DRAWN},
    {"1 image per call", ONE_IMAGE_DRAWN},
    {"1 image at a time", ONE_IMAGE_DRAWN},
    {"only a single image", ONE_IMAGE_DRAWN},
    {"only single image generation", ONE_IMAGE_DRAWN},
    {"not support generating multiple images", ONE_IMAGE_DRAWN},
    {"not support generate multiple images", ONE_IMAGE_DRAWN},
    {"not support to generate multiple images", ONE_IMAGE_DRAWN},
    {"generating multiple images is not supported", ONE_IMAGE_DRAWN},
    {"number of images must be 1", ONE_IMAGE_LAST},
    {"number of images can only be 1", ONE_IMAGE_LAST},
    {"number of images is limited to 1", ONE_IMAGE_LAST},
};

/* Names under which servers know the count. */
static const char *const one_image_names[] = {
    "n", "num_images", "n_images", "number_of_images", "numimages", "numberofimages", NULL};

/* Codes that speak of the count alone: One API answers "invalid value of n" with it. */
static const char *const one_image_codes[] = {"n_not_within_range", NULL};

/* A largest number that a message names: above one, the model makes several. */
static const char *const one_image_limits[] = {"maximum of #",
                                               "maximum is #",
                                               "at most #",
                                               "up to #",
                                               "no more than #",
                                               "<= #",
                                               "between 1 and #",
                                               "less than or equal to #",
                                               "from 1 to #",
                                               "exceed #",
                                               "greater than #",
                                               "limited to #",
                                               "in 1 #",
                                               "range 1 #",
                                               "1 to #",
                                               "1-#",
                                               NULL};

static int32_t one_image_listed(struct pie_slice word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (pie_slice_equal_nocase(word, *list))
            return 1;
    }
    return 0;
}

/* ---- a message in plain words */

static int32_t one_image_is_sign(char c)
{
    return c == '=' || c == '<' || c == '>';
}

/* Letters of other alphabets too: what they touch is another word. */
static int32_t one_image_is_word(char c)
{
    return pie_is_alpha(c) || pie_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Is s.p[i] a part of the word around it? "gpt-image-1" is one. */
static int32_t one_image_joins(struct pie_slice s, size_t i)
{
    if (one_image_is_word(s.p[i]))
        return 1;
    return s.p[i] == '-' && i > 0 && i + 1 < s.n && one_image_is_word(s.p[i - 1]) &&
           one_image_is_word(s.p[i + 1]);
}

/* The next word or sign from *at on; empty at the end. */
static struct pie_slice one_image_word(struct pie_slice s, size_t *at)
{
    size_t i = *at;
    while (i < s.n && !one_image_is_sign(s.p[i]) && !one_image_joins(s, i))
        i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1; /* "\n" in a text within a text is no n */
    size_t start = i;
    if (i < s.n && one_image_is_sign(s.p[i])) {
        while (i < s.n && one_image_is_sign(s.p[i]))
            i++;
    } else {
        while (i < s.n && one_image_joins(s, i))
            i++;
    }
    *at = i;
    return pie_slice(s.p + start, i - start);
}

static void one_image_add(struct pie_buf *out, struct pie_slice word)
{
    if (out->n != 0)
        pie_buf_add_char(out, ' ');
    if (one_image_listed(word, one_image_names)) {
        pie_buf_add_char(out, 'n');
    } else if (pie_slice_equal_nocase(word, "one")) {
        pie_buf_add_char(out, '1');
    } else if (pie_slice_equal(word, "==")) {
        pie_buf_add_char(out, '=');
    } else if (pie_slice_equal_nocase(word, "t")) { /* doesn't */
        pie_buf_add_text(out, "not");
    } else {
        for (size_t i = 0; i < word.n; i++)
            pie_buf_add_char(out, (char)pie_lower(word.p[i]));
    }
}

static void one_image_plain(struct pie_slice message, struct pie_buf *out)
{
    size_t at = 0;
    struct pie_slice word = one_image_word(message, &at);
    for (; word.n != 0; word = one_image_word(message, &at))
        one_image_add(out, word);
}

/* ---- phrases in plain words */

/* Does the text at p, where a word begins, begin with the phrase? What follows, or NULL; *ret_number: what stands for the
 * last '#'. */
static const char *one_image_begins(const char *p, const char *words, const char **ret_number)
{
    for (; *words != '\0'; words++) {
        if (*words == '#') {
            *ret_number = p;
            if (!pie_is_digit(*p))
                return NULL;
            while (pie_is_digit(*p))
                p++;
        } else if (*p++ != *words) {
            return NULL;
        }
    }
    return *p == ' ' || *p == '\0' ? p : NULL;
}

/* Where the next word begins; NULL behind the last. */
static const char *one_image_next(const char *p)
{
    const char *blank = strchr(p, ' ');
    return blank != NULL ? blank + 1 : NULL;
}

/* Is the word at p one of the list? */
static int32_t one_image_is(const char *p, const char *const *list)
{
    return one_image_listed(pie_slice(p, strcspn(p, " ")), list);
}

static int32_t one_image_has(const char *text, const char *const *list)
{
    for (const char *p = text; p != NULL; p = one_image_next(p)) {
        if (one_image_is(p, list))
            return 1;
    }
    return 0;
}

static int32_t one_image_allows_more(const char *text)
{
    const char *number = "";
    for (const char *p = text; p != NULL; p = one_image_next(p)) {
        for (size_t i = 0; one_image_limits[i] != NULL; i++) {
            if (one_image_begins(p, one_image_limits[i], &number) != NULL &&
                !pie_slice_equal(pie_slice(number, strcspn(number, " ")), "1"))
                return 1;
        }
    }
    return 0;
}

/* May the phrase that ends before `rest` mean what it says? */
static int32_t one_image_stands(const char *text, const char *rest, int32_t guard)
{
    static const char *const more[] = {"or", "to", "and", "through", "up", NULL};
    static const char *const kinds[] = {"format", "size",  "type", "style", "quality",
                                        "model",  "ratio", "url",  NULL};
    static const char *const inputs[] = {
        "input",  "inputs",   "reference", "references",   "upload", "uploaded", "uploads",
        "attach", "attached", "provided",  "mask",         "source", "edit",     "edits",
        "edited", "editing",  "init",      "init_image",   "file",   "files",    "vision",
        "url",    "urls",     "image_url", "prompt_image", NULL};
    const char *next = *rest != '\0' ? rest + 1 : rest;
    if (guard == ONE_IMAGE_LAST)
        return !pie_is_digit(*next) && !one_image_is(next, more);
    if (guard == ONE_IMAGE_DRAWN)
        return !one_image_is(next, kinds) && !one_image_has(text, inputs);
    return !one_image_allows_more(text);
}

static int32_t one_image_says(const char *text)
{
    const char *number = NULL;
    for (const char *p = text; p != NULL; p = one_image_next(p)) {
        for (size_t i = 0; i < PIE_COUNT(one_image_phrases); i++) {
            const char *rest = one_image_begins(p, one_image_phrases[i].words, &number);
            if (rest != NULL && one_image_stands(text, rest, one_image_phrases[i].guard))
                return 1;
        }
    }
    return 0;
}

/* ---- the verdict */

/* "n", and "tools[0].n" of a gateway that hands the call on. */
static int32_t one_image_is_count(const char *param)
{
    const char *last = strrchr(param, '.');
    return one_image_listed(pie_slice_text(last != NULL ? last + 1 : param), one_image_names);
}

int32_t pie_complaint_one_image(const struct pie_complaint *c)
{
    struct pie_buf text;
    int32_t yes = 0;
    int32_t named = one_image_is_count(c->param);
    if (c->param[0] != '\0' && !named)
        return 0;
    pie_buf_init(&text, c->message.mem, 2 * c->message.max);
    one_image_plain(pie_buf_slice(&c->message), &text);
    if (text.failed == APIPIE_OK) {
        const char *words = text.p != NULL ? text.p : "";
        named = named || one_image_listed(pie_slice_text(c->code), one_image_codes);
        yes = named ? !one_image_allows_more(words) : one_image_says(words);
    }
    pie_buf_free(&text);
    return yes;
}
