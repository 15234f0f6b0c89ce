/* SPDX-License-Identifier: MIT */
/* Knows how servers name a checkpoint, "dir/name.safetensors [hash]", and what users call it; must not know any wire. */
#include "dialect/shared_priv.h"

/* Without what stands in brackets. */
static struct pie_slice checkpoint_file(struct pie_slice title)
{
    size_t i = title.n;
    if (i == 0 || title.p[i - 1] != ']')
        return title;
    while (i > 0 && title.p[i - 1] != '[')
        i--;
    return i > 0 ? pie_slice_trim(pie_slice(title.p, i - 1)) : title;
}

struct pie_slice pie_checkpoint_stem(struct pie_slice title)
{
    struct pie_slice s = checkpoint_file(title);
    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] != '/' && s.p[i] != '\\')
            continue;
        s = pie_slice(s.p + i + 1, s.n - i - 1);
        break;
    }
    for (size_t i = s.n; i-- > 1;) {
        if (s.p[i] != '.')
            continue;
        struct pie_slice end = pie_slice(s.p + i, s.n - i);
        if (pie_slice_equal_nocase(end, ".safetensors") || pie_slice_equal_nocase(end, ".ckpt") ||
            pie_slice_equal_nocase(end, ".gguf"))
            s.n = i;
        break;
    }
    return s;
}

int32_t pie_checkpoint_is(struct pie_slice title, const char *model)
{
    return title.n != 0 && (pie_slice_equal(checkpoint_file(title), model) ||
                            pie_slice_equal(pie_checkpoint_stem(title), model));
}

/* The last ones are not shown; what ends the list says so, once. */
void pie_checkpoint_show(struct pie_buf *names, size_t most, struct pie_slice name)
{
    static const char more[] = ", ...";
    const size_t end = sizeof(more) - 1;
    if (name.n == 0 || (names->n >= end && memcmp(names->p + names->n - end, more, end) == 0))
        return;
    if (names->n + name.n > most) {
        pie_buf_add_text(names, more);
        return;
    }
    if (names->n != 0)
        pie_buf_add_text(names, ", ");
    pie_buf_add_slice(names, name);
}

void pie_checkpoint_refuse(const char *model, const struct pie_buf *names, const char *hint,
                           struct apipie_error *err)
{
    struct pie_buf what;
    pie_buf_init(&what, err->body.mem, APIPIE_LIMIT_TEXT + 100);
    pie_buf_add_text(&what, "the server has no checkpoint of that name: ");
    pie_buf_add_text(&what, model);
    const int32_t shown = names->failed == APIPIE_OK && names->n != 0;
    pie_error_set(err, APIPIE_E_NOT_FOUND, hint,
                  what.failed == APIPIE_OK ? what.p : "the server has no checkpoint of that name",
                  shown ? "; there are: " : NULL, shown ? names->p : NULL);
    pie_buf_free(&what);
}
