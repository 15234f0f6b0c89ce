/* SPDX-License-Identifier: MIT */
/* Knows how members of a JSON object, or fields of a form, are held against a table; must not know a wire, nor how it words a refusal. Pure. */
#include "sandbox/wires_priv.h"

static const struct pie_rule *rules_find(const struct pie_rule *rules, size_t count,
                                         struct pie_slice name)
{
    for (size_t i = 0; i < count; i++)
        if (pie_slice_equal(name, rules[i].name))
            return &rules[i];
    return NULL;
}

static int32_t rules_is_whole(struct pie_slice text)
{
    return text.n != 0 && strcspn(text.p, ".eE") >= text.n;
}

static int32_t rules_is_kind(const struct pie_node *node, int32_t kind)
{
    if (kind != PIE_RULE_WHOLE)
        return pie_node_kind(node) == kind;
    return pie_node_kind(node) == PIE_JSON_NUMERIC && rules_is_whole(pie_node_text(node));
}

/* Numbers by money's reader, which is exact; what it cannot hold is too large on its side. */
static int32_t rules_range(struct pie_slice text, const struct pie_rule *rule)
{
    int32_t beyond = text.n != 0 && text.p[0] == '-' ? PIE_BREACH_LOW : PIE_BREACH_HIGH;
    uint64_t whole = 0;
    int64_t v = 0;

    if (rule->kind == PIE_RULE_WHOLE && beyond == PIE_BREACH_HIGH) {
        if (pie_number_uint(text, &whole) != APIPIE_OK || whole > INT64_MAX)
            return beyond;
        v = (int64_t)whole;
        return v < rule->least ? PIE_BREACH_LOW : v > rule->most ? PIE_BREACH_HIGH : 0;
    }
    if (pie_number_money(text, &v) != APIPIE_OK)
        return beyond;
    if (v < rule->least * APIPIE_DOLLAR)
        return PIE_BREACH_LOW;
    return v > rule->most * APIPIE_DOLLAR ? PIE_BREACH_HIGH : 0;
}

static int32_t rules_length(int64_t n, const struct pie_rule *rule)
{
    return n < rule->least ? PIE_BREACH_LOW : n > rule->most ? PIE_BREACH_HIGH : 0;
}

int32_t pie_rules_choice(const char *choices, struct pie_slice text)
{
    while (*choices != '\0') {
        size_t n = strcspn(choices, " ");

        if (text.n == n && memcmp(text.p, choices, n) == 0)
            return 1;
        choices += n + (choices[n] == ' ' ? 1 : 0);
    }
    return 0;
}

static int32_t rules_member(const struct pie_node *node, const struct pie_rule *rule)
{
    struct pie_slice text = pie_node_text(node);

    if (!rules_is_kind(node, rule->kind))
        return PIE_BREACH_KIND;
    if (rule->choices != NULL)
        return pie_rules_choice(rule->choices, text) ? 0 : PIE_BREACH_CHOICE;
    if (rule->least == 0 && rule->most == 0)
        return 0;
    if (rule->kind == PIE_JSON_TEXT)
        return rules_length(pie_bill_characters(text), rule);
    if (rule->kind == PIE_JSON_ARRAY)
        return rules_length((int64_t)pie_node_count(node), rule);
    return rules_range(text, rule);
}

apipie_status pie_rules_check(const struct pie_node *object, const struct pie_rule *rules,
                              size_t count, int32_t nulls, struct pie_breach *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < pie_node_count(object) && ret->what == 0; i++) {
        ret->node = pie_node_member(object, i, &ret->name);
        ret->shown = pie_slice_text(ret->name);
        ret->rule = rules_find(rules, count, ret->shown);
        if (ret->rule == NULL)
            ret->what = PIE_BREACH_UNKNOWN;
        else if (!nulls || pie_node_kind(ret->node) != PIE_JSON_NULL)
            ret->what = rules_member(ret->node, ret->rule);
    }
    for (size_t i = 0; i < count && ret->what == 0; i++)
        if (rules[i].needed && pie_call_get(object, rules[i].name) == NULL) {
            ret->what = PIE_BREACH_MISSING;
            ret->name = rules[i].name;
            ret->shown = pie_slice_text(ret->name);
            ret->rule = &rules[i];
        }
    return ret->what == 0 ? APIPIE_OK : APIPIE_E_ARGUMENT;
}

/* ---- forms: all is text there, but for files */

static int32_t rules_field_value(struct pie_slice text, const struct pie_rule *rule)
{
    if (pie_utf8_valid(text.p, text.n) != text.n)
        return PIE_BREACH_KIND;
    if (rule->choices != NULL)
        return pie_rules_choice(rule->choices, text) ? 0 : PIE_BREACH_CHOICE;
    if (rule->kind == PIE_JSON_TEXT)
        return rule->most == 0 ? 0 : rules_length(pie_bill_characters(text), rule);
    if (!pie_json_is_number(text) || (rule->kind == PIE_RULE_WHOLE && !rules_is_whole(text)))
        return PIE_BREACH_KIND;
    return rule->least == 0 && rule->most == 0 ? 0 : rules_range(text, rule);
}

static int32_t rules_field(const struct pie_field *part, const struct pie_rule *rule)
{
    if (part->is_file != (rule->kind == PIE_RULE_FILE))
        return PIE_BREACH_KIND;
    return part->is_file ? 0 : rules_field_value(part->body, rule);
}

static int32_t rules_is_twice(const struct pie_fields *form, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (pie_call_same(form->parts[i].name, form->parts[index].name))
            return 1;
    return 0;
}

apipie_status pie_rules_form(const struct pie_fields *form, const struct pie_rule *rules,
                             size_t count, const char *names, const char *needed,
                             struct pie_breach *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < form->count && ret->what == 0; i++) {
        const struct pie_field *part = &form->parts[i];

        ret->shown = part->name;
        ret->rule = rules_find(rules, count, part->name);
        if (ret->rule == NULL || !pie_rules_choice(names, part->name))
            ret->what = PIE_BREACH_UNKNOWN;
        else
            ret->what = rules_is_twice(form, i) ? PIE_BREACH_TWICE : rules_field(part, ret->rule);
    }
    for (size_t i = 0; i < count && ret->what == 0; i++)
        if (pie_rules_choice(needed, pie_slice_text(rules[i].name)) &&
            pie_fields_find(form, rules[i].name, 0) == NULL) {
            ret->what = PIE_BREACH_MISSING;
            ret->shown = pie_slice_text(rules[i].name);
            ret->rule = &rules[i];
        }
    return ret->what == 0 ? APIPIE_OK : APIPIE_E_ARGUMENT;
}
