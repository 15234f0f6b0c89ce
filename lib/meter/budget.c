/* SPDX-License-Identifier: MIT */
/* Knows caps and how to say that one is reached; must not know of files. */
#include "meter/meter_priv.h"

/* Of a tag, in a message. */
#define BUDGET_TAG_SHOWN 64

struct budget_text {
    char p[400];
    size_t n;
};

static void budget_say(struct budget_text *t, const char *text)
{
    pie_text_copy(pie_slice_text(text), t->p + t->n, sizeof(t->p) - t->n);
    t->n += strlen(t->p + t->n);
}

static void budget_say_money(struct budget_text *t, const char *before, int64_t amount)
{
    char text[PIE_NUMBER_MAX];
    pie_number_money_text(amount, text);
    budget_say(t, before);
    budget_say(t, text);
}

/* "the client's cap of 5 USD a day (UTC)" */
static void budget_say_cap(struct budget_text *t, const struct pie_meter *m, const char *tag,
                           int64_t cap)
{
    char shown[BUDGET_TAG_SHOWN];
    if (tag == NULL) {
        budget_say(t, "the client's cap of ");
    } else {
        pie_text_display(pie_slice_text(tag), shown, sizeof(shown));
        budget_say(t, "the cap of tag ");
        budget_say(t, shown);
        budget_say(t, ", ");
    }
    budget_say_money(t, "", cap);
    budget_say(t, pie_meter_has_ledger(m) ? " USD a day (UTC)" : " USD");
}

/* None of them is negative: nothing overflows. */
static int32_t budget_fits(int64_t cap, int64_t stands, int64_t asked)
{
    return asked <= cap - stands;
}

static apipie_status budget_refuse(struct apipie_error *err, const struct budget_text *t,
                                   const char *hint)
{
    pie_error_set(err, APIPIE_E_BUDGET, hint, t->p, NULL, NULL);
    return APIPIE_E_BUDGET;
}

static apipie_status budget_check_request(const struct pie_meter_ask *ask, struct apipie_error *err)
{
    const int64_t spent = ask->spent > 0 ? ask->spent : 0;
    struct budget_text t = {"", 0};
    if (ask->cap < 0 || budget_fits(ask->cap, spent, ask->estimate))
        return APIPIE_OK;
    budget_say_money(&t, "over the request's cap of ", ask->cap);
    budget_say_money(&t, " USD: its earlier attempts count ", spent);
    budget_say_money(&t, ", this one may cost ", ask->estimate);
    return budget_refuse(err, &t, "raise the request's cap, or ask for less");
}

static apipie_status budget_check_book(const struct pie_meter *m, const struct pie_meter_book *book,
                                       const char *tag, int64_t cap, int64_t asked,
                                       struct apipie_error *err)
{
    struct pie_meter_totals stands;
    struct budget_text t = {"", 0};
    if (cap < 0 || budget_fits(cap, pie_meter_book_stands(book), asked))
        return APIPIE_OK;
    pie_meter_book_totals(book, &stands);
    budget_say(&t, "over ");
    budget_say_cap(&t, m, tag, cap);
    budget_say_money(&t, ": spent ", stands.spent);
    budget_say_money(&t, ", reserved ", stands.reserved);
    budget_say_money(&t, ", unknown ", stands.unknown);
    budget_say_money(&t, "; this one may cost ", asked);
    return budget_refuse(err, &t,
                         stands.unknown != 0
                             ? "raise the cap, or find out whether the unknown attempts were billed"
                             : "raise the cap, or take it back");
}

/* With a cap, an attempt without a price could cost anything. */
static apipie_status budget_no_price(const struct pie_meter_ask *ask, struct apipie_error *err)
{
    struct budget_text t = {"", 0};
    const int32_t provider = ask->provider != NULL && ask->provider[0] != '\0';
    const int32_t model = ask->model != NULL && ask->model[0] != '\0';
    budget_say(&t, "a cap stands, and no price is known for ");
    if (provider)
        budget_say(&t, ask->provider);
    if (provider && model)
        budget_say(&t, "/");
    if (model)
        budget_say(&t, ask->model);
    if (!provider && !model)
        budget_say(&t, "a request without provider and model");
    return budget_refuse(err, &t, "set one with apipie_client_set_price(), or take the cap back");
}

apipie_status pie_meter_budget_check(const struct pie_meter *m, const struct pie_meter_ask *ask,
                                     struct apipie_error *err)
{
    const struct pie_meter_tag *tag = pie_meter_tag_find(m, pie_slice_text(ask->tag));
    const int64_t tag_cap = tag != NULL ? tag->cap : APIPIE_UNKNOWN;
    if (ask->cap < 0 && m->cap < 0 && tag_cap < 0)
        return APIPIE_OK;
    if (ask->estimate < 0)
        return budget_no_price(ask, err);
    apipie_status status = budget_check_request(ask, err);
    if (status == APIPIE_OK)
        status = budget_check_book(m, &m->book, NULL, m->cap, ask->estimate, err);
    if (status == APIPIE_OK && tag != NULL)
        status = budget_check_book(m, &tag->book, ask->tag, tag_cap, ask->estimate, err);
    return status;
}
