/* SPDX-License-Identifier: MIT */
/* Knows JSON's grammar, byte by byte, and how to go on after damage; must not know a provider or what a picture is. */
#include "flow/split_priv.h"

enum {
    SPLIT_ROOT,       /* nothing yet */
    SPLIT_ITEM_FIRST, /* behind '[' */
    SPLIT_ITEM,       /* behind ',' in an array */
    SPLIT_MEMBER,     /* behind ':' */
    SPLIT_KEY_FIRST,  /* behind '{' */
    SPLIT_KEY,        /* behind ',' in an object */
    SPLIT_COLON,      /* behind a key */
    SPLIT_AFTER,      /* behind a value */
    SPLIT_STRING,     /* inside one */
    SPLIT_WORD,       /* inside a number or literal */
    SPLIT_SKIP,       /* inside what lies too deep */
    SPLIT_TAIL,       /* behind the root */
    SPLIT_DEAD        /* this is no JSON */
};

void pie_damage_note(struct pie_damage *d, uint64_t offset, const char *what)
{
    if (d->found)
        return;
    d->found = 1;
    d->offset = offset;
    d->what = what;
}

static uint64_t split_offset(const struct pie_split *s, const char *at)
{
    return s->chunk_at + (uint64_t)(at - s->chunk);
}

void pie_split_damage(struct pie_split *s, const char *at, const char *what)
{
    pie_damage_note(&s->damage, split_offset(s, at), what);
}

void pie_split_check(struct pie_split *s, apipie_status status)
{
    if (s->failed == APIPIE_OK)
        s->failed = status;
}

void pie_split_word_add(struct pie_split *s, const char *p, size_t n)
{
    if (s->word_n < sizeof(s->word)) {
        size_t room = sizeof(s->word) - s->word_n;
        memcpy(s->word + s->word_n, p, n < room ? n : room);
    }
    s->word_n = n > SIZE_MAX - s->word_n ? SIZE_MAX : s->word_n + n;
}

static void split_die(struct pie_split *s, const char *at)
{
    pie_split_damage(s, at, "this is no JSON from here on");
    s->state = SPLIT_DEAD;
}

/* ---- values */

static struct pie_split_level *split_top(struct pie_split *s)
{
    return &s->level[s->depth - 1];
}

/* One index for each array around the value, outermost first. */
static void split_indices(const struct pie_split *s, uint32_t index[PIE_PATH_INDICES])
{
    size_t n = 0;
    memset(index, 0, PIE_PATH_INDICES * sizeof(index[0]));
    for (uint32_t i = 0; i < s->depth && n < PIE_PATH_INDICES; i++) {
        if (!s->level[i].object)
            index[n++] = s->level[i].index;
    }
}

/* The image path that ends at the value at hand, -1 for none. */
static int32_t split_path_here(const struct pie_split *s)
{
    return s->alive == 0 ? -1 : pie_split_path_end(s->paths, s->alive, s->depth);
}

/* In an object the key has told already which paths lead here. */
static void split_value_begin(struct pie_split *s, const char *at)
{
    s->value_at = split_offset(s, at);
    if (s->depth != 0 && !split_top(s)->object)
        s->alive = split_top(s)->alive == 0
                       ? 0
                       : pie_split_path_element(s->paths, split_top(s)->alive, s->depth - 1);
}

static void split_value_end(struct pie_split *s)
{
    s->state = s->depth == 0 ? SPLIT_TAIL : SPLIT_AFTER;
    if (s->depth != 0)
        split_top(s)->index++;
}

/* Something that is no string: a dialect wants to know when it stands where a picture should. */
static void split_no_string(struct pie_split *s)
{
    uint32_t index[PIE_PATH_INDICES];
    int32_t path = split_path_here(s);
    if (path < 0 || s->paths[path].kind == PIE_PATH_NAME)
        return;
    split_indices(s, index);
    pie_split_check(s, s->out->nothing(s->user, path, index));
}

static void split_null(struct pie_split *s)
{
    split_no_string(s);
    pie_rest_literal(&s->rest, "null");
    split_value_end(s);
}

static void split_open(struct pie_split *s, const char *at)
{
    int32_t object = *at == '{';
    if (s->depth == PIE_DEPTH_MAX) {
        pie_split_damage(s, at, "nested too deeply");
        pie_rest_literal(&s->rest, "null");
        s->skip_depth = 1;
        s->skip_string = 0;
        s->state = SPLIT_SKIP;
        return;
    }
    if (s->alive != 0 && !pie_split_path_goes_on(s->paths, s->alive, s->depth, object))
        split_no_string(s);
    pie_rest_open(&s->rest, *at);
    s->depth++;
    split_top(s)->alive = s->alive;
    split_top(s)->index = 0;
    split_top(s)->object = (uint8_t)object;
    s->state = object ? SPLIT_KEY_FIRST : SPLIT_ITEM_FIRST;
}

/* A bracket that does not fit closes what is open inside the one it fits to. */
static void split_close(struct pie_split *s, const char *at)
{
    uint8_t object = *at == '}';
    uint32_t fits = s->depth;
    while (fits != 0 && s->level[fits - 1].object != object)
        fits--;
    if (fits != s->depth)
        pie_split_damage(s, at, "a bracket that does not fit");
    if (fits == 0)
        return;
    while (s->depth >= fits) {
        s->depth--;
        pie_rest_close(&s->rest);
    }
    split_value_end(s);
}

static void split_string_begin(struct pie_split *s)
{
    uint32_t index[PIE_PATH_INDICES];
    int32_t path = split_path_here(s);
    int32_t name = path >= 0 && s->paths[path].kind == PIE_PATH_NAME;
    s->state = SPLIT_STRING;
    if (path < 0 || name) {
        s->string = name ? PIE_SPLIT_IS_NAME : PIE_SPLIT_IS_REST;
        s->word_n = 0;
        pie_rest_string_begin(&s->rest);
        return;
    }
    s->string = PIE_SPLIT_IS_PICTURE;
    pie_rest_literal(&s->rest, "null");
    split_indices(s, index);
    pie_split_check(s, s->out->begin(s->user, path, index));
}

static void split_key_begin(struct pie_split *s)
{
    s->state = SPLIT_STRING;
    s->string = PIE_SPLIT_IS_KEY;
    s->word_n = 0;
}

static void split_key_end(struct pie_split *s)
{
    size_t held = s->word_n < sizeof(s->word) ? s->word_n : sizeof(s->word);
    size_t kept = pie_utf8_cut(s->word, held, PIE_SPLIT_KEY);
    uint32_t alive = split_top(s)->alive;
    s->alive = alive == 0 || s->word_n > PIE_SPLIT_KEY
                   ? 0
                   : pie_split_path_key(s->paths, alive, s->depth - 1, pie_slice(s->word, kept));
    pie_rest_key(&s->rest, s->word, kept);
    s->state = SPLIT_COLON;
}

static void split_string_end(struct pie_split *s)
{
    if (s->string == PIE_SPLIT_IS_KEY) {
        split_key_end(s);
        return;
    }
    if (s->string == PIE_SPLIT_IS_NAME && s->word_n <= sizeof(s->word))
        s->out->name(s->user, pie_slice(s->word, s->word_n));
    if (s->string != PIE_SPLIT_IS_PICTURE)
        pie_rest_string_end(&s->rest);
    else
        pie_split_check(s, s->out->end(s->user, 1));
    split_value_end(s);
}

/* ---- numbers and literals */

static void split_word_begin(struct pie_split *s)
{
    s->state = SPLIT_WORD;
    s->word_n = 0;
}

static void split_word_end(struct pie_split *s)
{
    static const char *const literals[] = {"null", "true", "false"};
    struct pie_slice word = pie_slice(s->word, s->word_n);
    split_no_string(s);
    if (s->word_n <= sizeof(s->word) && pie_json_is_number(word)) {
        pie_rest_number(&s->rest, word.p, word.n);
        split_value_end(s);
        return;
    }
    size_t i = 0;
    while (i < PIE_COUNT(literals) &&
           (s->word_n > sizeof(s->word) || !pie_slice_equal(word, literals[i])))
        i++;
    if (i == PIE_COUNT(literals)) {
        pie_damage_note(&s->damage, s->value_at, "a value that JSON does not know");
        i = 0;
    }
    pie_rest_literal(&s->rest, literals[i]);
    split_value_end(s);
}

static int32_t split_ends_word(char c)
{
    switch (c) {
    case ',':
    case ':':
    case '{':
    case '}':
    case '[':
    case ']':
    case '"':
        return 1;
    default:
        return pie_is_blank(c);
    }
}

static const char *split_word(struct pie_split *s, const char *at, const char *end)
{
    const char *start = at;
    while (at < end && !split_ends_word(*at))
        at++;
    pie_split_word_add(s, start, (size_t)(at - start));
    if (at < end)
        split_word_end(s);
    return at;
}

/* ---- what lies too deep: only brackets and strings are told apart */

static const char *split_skip(struct pie_split *s, const char *at, const char *end)
{
    while (at < end && s->skip_depth != 0) {
        char c = *at++;
        if (s->skip_string == 2)
            s->skip_string = 1;
        else if (s->skip_string == 1)
            s->skip_string = c == '\\' ? 2 : c == '"' ? 0 : 1;
        else if (c == '"')
            s->skip_string = 1;
        else if (c == '{' || c == '[')
            s->skip_depth++;
        else if (c == '}' || c == ']')
            s->skip_depth--;
    }
    if (s->skip_depth == 0)
        split_value_end(s);
    return at;
}

/* ---- between values */

/* Where a value should stand. Returns where to go on. */
static const char *split_value(struct pie_split *s, const char *at)
{
    int32_t nothing = *at == ']' || *at == '}' || *at == ',';
    if (nothing && s->state == SPLIT_MEMBER) {
        pie_split_damage(s, at, "a value is missing");
        split_null(s);
        return at;
    }
    if (nothing) {
        if (s->state == SPLIT_ITEM || *at == ',')
            pie_split_damage(s, at, "a comma without a value");
        if (*at != ',')
            split_close(s, at);
        return at + 1;
    }
    split_value_begin(s, at);
    if (*at == '"') {
        split_string_begin(s);
        return at + 1;
    }
    if (*at == '{' || *at == '[') {
        split_open(s, at);
        return at + 1;
    }
    if (*at == ':')
        split_die(s, at);
    else
        split_word_begin(s);
    return at;
}

static const char *split_root(struct pie_split *s, const char *at)
{
    if (*at != '{' && *at != '[') {
        split_die(s, at);
        return at;
    }
    split_open(s, at);
    return at + 1;
}

static const char *split_key(struct pie_split *s, const char *at)
{
    if (*at == '"') {
        split_key_begin(s);
    } else if (*at == ',' || *at == '}' || *at == ']') {
        if (s->state == SPLIT_KEY || *at == ',')
            pie_split_damage(s, at, "a comma without a value");
        if (*at != ',')
            split_close(s, at);
    } else {
        split_die(s, at);
    }
    return at + 1;
}

static const char *split_colon(struct pie_split *s, const char *at)
{
    s->state = SPLIT_MEMBER;
    if (*at == ':')
        return at + 1;
    pie_split_damage(s, at, "a colon is missing");
    return at;
}

static const char *split_after(struct pie_split *s, const char *at)
{
    if (*at == '}' || *at == ']') {
        split_close(s, at);
        return at + 1;
    }
    if (*at == ':') {
        split_die(s, at);
        return at;
    }
    s->state = split_top(s)->object ? SPLIT_KEY : SPLIT_ITEM;
    if (*at == ',')
        return at + 1;
    pie_split_damage(s, at, "a comma is missing");
    return at;
}

static const char *split_step(struct pie_split *s, const char *at, const char *end)
{
    switch (s->state) {
    case SPLIT_STRING:
        at = pie_split_string(s, at, end);
        if (at == end || s->failed != APIPIE_OK)
            return at;
        split_string_end(s);
        return at + 1;
    case SPLIT_WORD:
        return split_word(s, at, end);
    case SPLIT_SKIP:
        return split_skip(s, at, end);
    case SPLIT_DEAD:
        return end;
    default:
        break;
    }
    if (pie_is_blank(*at))
        return at + 1;
    switch (s->state) {
    case SPLIT_ROOT:
        return split_root(s, at);
    case SPLIT_KEY_FIRST:
    case SPLIT_KEY:
        return split_key(s, at);
    case SPLIT_COLON:
        return split_colon(s, at);
    case SPLIT_AFTER:
        return split_after(s, at);
    case SPLIT_TAIL:
        pie_split_damage(s, at, "text behind the JSON");
        return end;
    default:
        return split_value(s, at);
    }
}

void pie_split_init(struct pie_split *s, const struct pie_path *paths,
                    const struct pie_split_out *out, void *user, struct pie_buf *rest, uint64_t at)
{
    memset(s, 0, sizeof(*s));
    s->paths = paths;
    s->out = out;
    s->user = user;
    s->chunk_at = at;
    s->state = SPLIT_ROOT;
    s->alive = pie_split_path_all(paths);
    pie_rest_init(&s->rest, rest);
}

apipie_status pie_split_write(struct pie_split *s, const char *p, size_t n)
{
    const char *at = p;
    const char *end = p + n;
    s->chunk = p;
    while (at < end && s->failed == APIPIE_OK)
        at = split_step(s, at, end);
    s->chunk_at += n;
    pie_split_check(s, s->rest.out->failed);
    return s->failed;
}

apipie_status pie_split_finish(struct pie_split *s)
{
    if (s->state != SPLIT_TAIL && s->state != SPLIT_DEAD)
        pie_damage_note(&s->damage, s->chunk_at, "the reply breaks off");
    if (s->state == SPLIT_STRING && s->string == PIE_SPLIT_IS_PICTURE)
        pie_split_check(s, s->out->end(s->user, 0));
    s->state = SPLIT_TAIL;
    pie_rest_finish(&s->rest);
    pie_split_check(s, s->rest.out->failed);
    return s->failed;
}
