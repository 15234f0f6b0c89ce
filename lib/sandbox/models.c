/* SPDX-License-Identifier: MIT */
/* Knows the list of models in the gateway's odd types; must not know HTTP. Every figure follows from the name. */
#include "sandbox/sandbox_priv.h"

static uint32_t models_hash(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 16777619u;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    return h ^ h >> 13;
}

static void models_key(struct pie_buf *out, const char *key)
{
    pie_buf_add_text(out, ",\"");
    pie_buf_add_text(out, key);
    pie_buf_add_text(out, "\":");
}

static void models_text(struct pie_buf *out, const char *key, const char *value)
{
    models_key(out, key);
    pie_json_string(out, pie_slice_text(value));
}

/* "310,000" */
static void models_count(struct pie_buf *out, uint32_t h)
{
    uint32_t thousands = 1 + h % 999;

    models_key(out, "query_count");
    pie_buf_add_char(out, '"');
    pie_buf_add_uint(out, thousands);
    pie_buf_add_text(out, h % 3 == 0 ? ",000\"" : ",512\"");
}

/* Averages for prompts of up to 2k, 4k, 8k, 16k and 32k characters, and of all; null where nobody asked yet. */
static void models_latency(struct pie_buf *out, const struct pie_model *m, uint32_t h)
{
    int64_t ms = pie_price_latency(m->provider, 1024, 1024, 0) * (80 + h % 41) / 100;

    models_key(out, "latency");
    if (h % 17 == 0) {
        pie_buf_add_text(out, "null");
        return;
    }
    pie_buf_add_char(out, '"');
    for (int i = 0; i < 5; i++) {
        pie_buf_add_int(out, ms * (20 + i) / 20);
        pie_buf_add_char(out, '/');
    }
    pie_buf_add_int(out, ms);
    pie_buf_add_char(out, '"');
}

/* The prices by quality and size: JSON inside a string. */
static void models_prices(struct pie_buf *out, const struct pie_model *m)
{
    static const struct {
        const char *name;
        int32_t width, height;
    } sizes[] = {{"512x512", 512, 512},
                 {"1024x1024", 1024, 1024},
                 {"1024x1792", 1024, 1792},
                 {"2048x2048", 2048, 2048}};

    models_key(out, "img_json");
    for (int32_t hd = 0; hd < 2; hd++) {
        pie_buf_add_text(out, hd ? "},\\\"hd\\\":{" : "\"{\\\"standard\\\":{");
        for (size_t i = 0; i < PIE_COUNT(sizes); i++) {
            pie_buf_add_text(out, i != 0 ? ",\\\"" : "\\\"");
            pie_buf_add_text(out, sizes[i].name);
            pie_buf_add_text(out, "\\\":");
            pie_price_write(pie_price_cost(m->provider, sizes[i].width, sizes[i].height, hd), out);
        }
    }
    pie_buf_add_text(out, "}}\"");
}

/* What the detailed list says besides. A million tokens of a prompt cost what twenty pictures do; one token, in another unit, the
 * same. Who does not sell by tokens has nulls. */
static void models_details(struct pie_buf *out, const struct pie_model *m, uint32_t h)
{
    char token[PIE_NUMBER_MAX];
    int64_t million = 20 * pie_price_cost(m->provider, 1024, 1024, 0); /* microdollars */

    pie_number_money_text(million,
                          token); /* a millionth of a million of them is as many of 1e-12 */
    pie_buf_add_text(out,
                     ",\"abortable\":false,\"moderationRequired\":false,\"supports_multipart\":");
    pie_buf_add_text(out, m->edits ? "true" : "false");
    pie_buf_add_text(out, ",\"input_modalities\":[\"text\"");
    pie_buf_add_text(out, m->edits ? ",\"image\"]" : "]");
    pie_buf_add_text(out,
                     ",\"output_modalities\":[\"image\"],\"instruct_type\":null,\"quantization\":");
    pie_buf_add_text(out, h % 2 == 0 ? "\"fp16\"" : "null");
    pie_buf_add_text(out, ",\"pool\":null,\"mmlu\":null,\"output_vector_size\":null,"
                          "\"max_images_per_prompt\":10,\"pricing\":{\"confirmed\":");
    if (strcmp(m->provider, "prodia") == 0) {
        pie_buf_add_text(out, "{\"input_cost\":null,\"output_cost\":null},\"advertised\":null}");
    } else {
        pie_buf_add_text(out, "{\"input_cost\":\"");
        pie_price_write(million, out);
        pie_buf_add_text(out,
                         "\",\"output_cost\":\"0\"},\"advertised\":{\"input_cost_per_token\":");
        pie_buf_add_text(out, token);
        pie_buf_add_text(out, ",\"output_cost_per_token\":0}}");
    }
    pie_buf_add_text(
        out, ",\"supported_input_parameters\":{\"size\":{\"enum\":[\"512x512\",\"1024x1024\","
             "\"1024x1792\",\"2048x2048\"]},\"quality\":{\"enum\":[\"standard\",\"hd\"]},"
             "\"response_format\":{\"enum\":[\"url\",\"b64_json\"]}}");
}

static void models_record(struct pie_buf *out, const struct pie_model *m, int32_t detailed)
{
    uint32_t h = models_hash(m->model);

    pie_buf_add_text(out, "{\"id\":\"");
    if (h % 4 == 0) { /* some ids name their provider, most do not */
        pie_buf_add_text(out, m->provider);
        pie_buf_add_char(out, '/');
    }
    pie_buf_add_text(out, m->model);
    pie_buf_add_char(out, '"');
    models_text(out, "model", m->model);
    models_text(out, "provider", m->provider);
    models_text(out, "type", "image");
    models_text(out, "subtype", "text-to-image");
    models_text(out, "route", m->model);
    models_text(out, "description", m->description);
    pie_buf_add_text(out, ",\"enabled\":1,\"available\":1,\"max_tokens\":null");
    pie_buf_add_text(out, ",\"max_response_tokens\":null,\"input_cost\":null,\"output_cost\":null");
    models_key(out, "avg_cost");
    pie_buf_add_char(out, '"');
    pie_price_write(pie_price_cost(m->provider, 1024, 1024, 0), out);
    pie_buf_add_text(out, "0000\",\"price_type\":\"image\",\"img_price\":null");
    models_prices(out, m);
    models_latency(out, m, h);
    models_count(out, h);
    if (detailed)
        models_details(out, m, h);
    pie_buf_add_char(out, '}');
}

static int32_t models_is(const char *filter, const char *value)
{
    return filter == NULL || pie_slice_equal_nocase(pie_slice_text(filter), value);
}

static int32_t models_wanted(const struct pie_models_filter *f, const struct pie_model *m)
{
    return models_is(f->type, "image") && models_is(f->subtype, "text-to-image") &&
           models_is(f->provider, m->provider) && models_is(f->enabled, "1") &&
           (f->model == NULL || strcmp(f->model, m->model) == 0);
}

static void models_list(struct pie_buf *out, const struct pie_models_filter *filter)
{
    int32_t first = 1;

    for (size_t i = 0; i < pie_model_count; i++) {
        if (!models_wanted(filter, &pie_models[i]))
            continue;
        if (!first)
            pie_buf_add_char(out, ',');
        first = 0;
        models_record(out, &pie_models[i], filter->detailed);
    }
}

/* The documents disagree about the name of the voice's id: the sandbox has both. */
static const struct {
    const char *provider, *model, *key, *id, *name, *description;
} models_voices[] = {
    {"openai", "tts-1", "voice", "alloy", "Alloy", "gender: neutral, age: adult"},
    {"elevenlabs", "eleven_multilingual_v2", "voice_id", "21m00Tcm4TlvDq8ikWAM", "Rachel",
     "accent: american, age: young"},
};

static void models_voice_list(struct pie_buf *out, const struct pie_models_filter *filter)
{
    int32_t first = 1;

    for (size_t i = 0; i < PIE_COUNT(models_voices); i++) {
        if (!models_is(filter->provider, models_voices[i].provider) ||
            !models_is(filter->model, models_voices[i].model))
            continue;
        pie_buf_add_text(out, first ? "{\"provider\":\"" : ",{\"provider\":\"");
        first = 0;
        pie_buf_add_text(out, models_voices[i].provider);
        pie_buf_add_char(out, '"');
        models_text(out, "model", models_voices[i].model);
        models_text(out, models_voices[i].key, models_voices[i].id);
        models_text(out, "name", models_voices[i].name);
        models_text(out, "description", models_voices[i].description);
        pie_buf_add_char(out, '}');
    }
}

/* Where a provider does not serve: JSON inside a string. */
static const struct {
    const char *name;
    const char *countries[2][2]; /* name, alpha-2 */
} models_restricted[] = {
    {"bedrock", {{"Cuba", "CU"}, {"Iran", "IR"}}},
    {"together", {{"North Korea", "KP"}, {"Syria", "SY"}}},
};

static void models_restriction_list(struct pie_buf *out)
{
    for (size_t i = 0; i < PIE_COUNT(models_restricted); i++) {
        pie_buf_add_text(out, i == 0 ? "{\"restrict_id\":" : ",{\"restrict_id\":");
        pie_buf_add_uint(out, i + 1);
        models_text(out, "name", models_restricted[i].name);
        pie_buf_add_text(out, ",\"countries\":\"{\\\"countries\\\":[");
        for (size_t j = 0; j < 2; j++) {
            pie_buf_add_text(out, j == 0 ? "{\\\"name\\\":\\\"" : ",{\\\"name\\\":\\\"");
            pie_buf_add_text(out, models_restricted[i].countries[j][0]);
            pie_buf_add_text(out, "\\\",\\\"alpha-2\\\":\\\"");
            pie_buf_add_text(out, models_restricted[i].countries[j][1]);
            pie_buf_add_text(out, "\\\"}");
        }
        pie_buf_add_text(out, "]}\"}");
    }
}

/* ---- whether the caller has it already */

/* The table was last changed with this version of the sandbox. */
#define MODELS_MODIFIED    "Sun, 29 Nov 2026 00:00:00 GMT"
#define MODELS_MODIFIED_MS INT64_C(1795910400000)

static void models_stamp(struct pie_answer *answer)
{
    struct pie_hash h;
    char text[PIE_HASH_TEXT];

    pie_hash_init(&h);
    pie_hash_add(&h, answer->body.p, answer->body.n);
    pie_hash_text(&h, text);
    answer->etag[0] = '"';
    pie_text_copy(pie_slice_text(text), answer->etag + 1, sizeof(answer->etag) - 1);
    pie_text_copy(pie_slice_text("\""), answer->etag + strlen(answer->etag), 2);
    answer->modified = MODELS_MODIFIED;
}

/* RFC 9110, 13.1: the tag counts before the date. */
static int32_t models_same(const struct pie_models_filter *f, const struct pie_answer *answer)
{
    int64_t ms = 0;
    struct pie_slice tags = pie_slice_text(f->none_match);

    if (f->none_match != NULL)
        return pie_slice_equal(pie_slice_trim(tags), "*") ||
               pie_slice_find_nocase(tags, answer->etag) != tags.n;
    return f->modified_since != NULL &&
           pie_number_http_date(pie_slice_text(f->modified_since), &ms) == APIPIE_OK &&
           ms >= MODELS_MODIFIED_MS;
}

void pie_models_answer(const struct pie_models_filter *filter, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    pie_buf_add_text(out, "{\"object\":\"list\",\"data\":[");
    if (filter->voices)
        models_voice_list(out, filter);
    else if (filter->restrictions)
        models_restriction_list(out);
    else
        models_list(out, filter);
    pie_buf_add_text(out, "]}");
    if (out->failed != APIPIE_OK) {
        pie_answer_status(answer, 500);
        return;
    }
    models_stamp(answer);
    if (models_same(filter, answer)) {
        answer->status = 304;
        pie_buf_clear(out);
    }
}
