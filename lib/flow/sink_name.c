/* SPDX-License-Identifier: MIT */
/* Knows how output files are called; must not know what is written into them. */
#include "flow/sink_priv.h"

#define NAME_PROMPT 40 /* most bytes that a name takes from a prompt */

/* A backslash separates on Windows only, but in a name that is ours it has no place anywhere. */
static int32_t name_is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Where the last part begins. */
static size_t name_folder_length(const char *path)
{
    size_t n = strlen(path);
    while (n != 0 && path[n - 1] != '/')
        n--;
    return n;
}

size_t pie_name_last(const char *path)
{
    return strlen(path) - name_folder_length(path);
}

int32_t pie_name_is_stream(const char *path)
{
    static const char *const whole[] = {"/dev/stdout", "/dev/stderr"};
    static const char *const starts[] = {"/dev/fd/", "/proc/"};
    for (size_t i = 0; i < PIE_COUNT(whole); i++) {
        if (strcmp(path, whole[i]) == 0)
            return 1;
    }
    for (size_t i = 0; i < PIE_COUNT(starts); i++) {
        if (strncmp(path, starts[i], strlen(starts[i])) == 0)
            return 1;
    }
    return pie_path_kind(path) == PIE_PATH_SPECIAL;
}

/* ---- temporary names */

static char *name_random(const struct pie_mem *mem, const char *path, size_t folder,
                         const char *separator)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t random[8];
    char digits[17];
    struct pie_buf name;
    pie_random(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++) {
        digits[2 * i] = hex[random[i] >> 4];
        digits[2 * i + 1] = hex[random[i] & 15];
    }
    digits[16] = '\0';
    pie_buf_init(&name, mem, SIZE_MAX);
    pie_buf_add(&name, path, folder);
    pie_buf_add_text(&name, separator);
    pie_buf_add_text(&name, ".apipie-");
    pie_buf_add_text(&name, digits);
    pie_buf_add_text(&name, ".tmp");
    if (name.failed != APIPIE_OK)
        pie_buf_free(&name);
    return name.p;
}

apipie_status pie_name_temporary(const struct pie_mem *mem, const char *path, int32_t folder,
                                 pie_file *ret, char **ret_temp, const char **ret_reason)
{
    size_t n = folder ? strlen(path) : name_folder_length(path);
    const char *separator = folder && n != 0 && path[n - 1] != '/' ? "/" : "";
    char *temp = name_random(mem, path, n, separator);
    if (temp == NULL) {
        *ret_reason = "out of memory";
        return APIPIE_E_MEMORY;
    }
    apipie_status status = pie_file_create(temp, ret, ret_reason);
    if (status != APIPIE_OK) {
        pie_mem_free(mem, temp);
        return status;
    }
    *ret_temp = temp;
    return APIPIE_OK;
}

/* ---- names of images */

char *pie_name_numbered(const struct pie_mem *mem, const char *path, uint64_t number)
{
    size_t n = strlen(path);
    size_t last = name_folder_length(path);
    size_t dot = n;
    struct pie_buf name;
    /* a dot in front makes a hidden file, not an extension */
    for (size_t i = n; i > last + 1 && dot == n; i--) {
        if (path[i - 1] == '.')
            dot = i - 1;
    }
    pie_buf_init(&name, mem, SIZE_MAX);
    pie_buf_add(&name, path, dot);
    if (number > 1) {
        pie_buf_add_char(&name, '-');
        pie_buf_add_uint(&name, number);
    }
    pie_buf_add(&name, path + dot, n - dot);
    if (name.failed != APIPIE_OK)
        pie_buf_free(&name);
    return name.p;
}

/* Letters and digits of ASCII in lower case, other letters as they are; what separates words is no part of one. */
static int32_t name_takes(char c)
{
    return pie_is_digit(c) || pie_is_alpha(c) || (unsigned char)c >= 0x80;
}

static size_t name_word_length(const char *p)
{
    size_t n = 0;
    while (p[n] != '\0' && name_takes(p[n]))
        n++;
    return n;
}

/* A whole word or none; but the first one is cut rather than left out. */
static size_t name_add_word(char *out, size_t used, const char *word, size_t n)
{
    size_t dash = used != 0 ? 1 : 0;
    if (used + dash + n > NAME_PROMPT && used != 0)
        return NAME_PROMPT;
    n = pie_utf8_cut(word, n, NAME_PROMPT);
    if (dash)
        out[used++] = '-';
    for (size_t i = 0; i < n; i++)
        out[used++] = (char)pie_lower(word[i]);
    out[used] = '\0';
    return used;
}

void pie_name_from_prompt(struct pie_slice prompt, char out[PIE_NAME_STEM])
{
    /* fit for display is fit for a name: no control bytes, nothing that turns the text around */
    char text[4 * NAME_PROMPT + 8];
    size_t used = 0;
    pie_text_display(prompt, text, sizeof(text));
    out[0] = '\0';
    for (const char *at = text; *at != '\0' && used < NAME_PROMPT;) {
        size_t n = name_word_length(at);
        if (n != 0)
            used = name_add_word(out, used, at, n);
        at += n != 0 ? n : 1;
    }
    if (out[0] == '\0')
        memcpy(out, "image", sizeof("image"));
}

void pie_name_from_stem(struct pie_slice stem, char out[PIE_NAME_STEM])
{
    pie_text_display(stem, out, PIE_NAME_STEM);
    for (size_t i = 0; out[i] != '\0'; i++) {
        if (name_is_separator(out[i]) || (i == 0 && out[i] == '.'))
            out[i] = '-';
    }
    if (out[0] == '\0')
        memcpy(out, "image", sizeof("image"));
}
