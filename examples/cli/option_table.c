/* SPDX-License-Identifier: MIT */
/* Knows the options of the contract; not how they are read or what they do. */
#include "option_table.h"

#include <string.h>

#include "moment.h"
#include "options.h"

/* A member of struct cli_options takes what is read; the kind says its type. */
#define FLAG(n, l, member)                                                                         \
    {                                                                                              \
        .name = n, .letter = l, .kind = OPTION_FLAG,                                               \
        .offset = offsetof(struct cli_options, member)                                             \
    }
#define TEXT(n, l, member)                                                                         \
    {                                                                                              \
        .name = n, .letter = l, .kind = OPTION_TEXT,                                               \
        .offset = offsetof(struct cli_options, member)                                             \
    }
#define WORD(n, member, list, want)                                                                \
    {                                                                                              \
        .name = n, .kind = OPTION_WORD, .offset = offsetof(struct cli_options, member),            \
        .words = list, .wants = want                                                               \
    }
#define NUMBER(n, l, member, low, high, want)                                                      \
    {                                                                                              \
        .name = n, .letter = l, .kind = OPTION_NUMBER,                                             \
        .offset = offsetof(struct cli_options, member), .least = low, .most = high, .wants = want  \
    }
#define MONEY(n, member, want)                                                                     \
    {                                                                                              \
        .name = n, .kind = OPTION_MONEY, .offset = offsetof(struct cli_options, member),           \
        .wants = want                                                                              \
    }
#define MOMENT(n, member)                                                                          \
    {                                                                                              \
        .name = n, .kind = OPTION_MOMENT, .offset = offsetof(struct cli_options, member),          \
        .wants = CLI_MOMENT_WANTS                                                                  \
    }
/* Who is asked. */
#define PLACES TEXT("backend", 0, backend), TEXT("config", 0, config_file)

/* What is drawn, beside its input images. */
#define DRAWING                                                                                    \
    FLAG("help", 'h', help), TEXT("model", 'm', model), TEXT("provider", 'p', provider),           \
        NUMBER("number", 'n', n, 1, APIPIE_LIMIT_N, "a whole number from 1 to 64"),                \
        {.name = "size",                                                                           \
         .letter = 's',                                                                            \
         .kind = OPTION_SIZE,                                                                      \
         .most = APIPIE_LIMIT_SIDE,                                                                \
         .wants = "WIDTHxHEIGHT, 1 to 8192 each"},                                                 \
        TEXT("quality", 'q', quality), TEXT("style", 0, style), TEXT("negative", 0, negative),     \
        {.name = "seed", .kind = OPTION_SEED, .wants = "a whole number of at most 64 bits"},       \
        NUMBER("steps", 0, steps, 1, INT32_MAX, "a whole number of at least 1"),                   \
        {.name = "cfg-scale",                                                                      \
         .kind = OPTION_SCALE,                                                                     \
         .offset = offsetof(struct cli_options, scale),                                            \
         .most = 100,                                                                              \
         .wants = "a number from 0 to 100"},                                                       \
        TEXT("sampler", 0, sampler), TEXT("mask", 0, mask), FLAG("inline-image", 0, inline_image), \
        {.name = "strength",                                                                       \
         .kind = OPTION_SCALE,                                                                     \
         .offset = offsetof(struct cli_options, strength),                                         \
         .most = 1,                                                                                \
         .wants = "a number from 0 to 1"},                                                         \
        WORD("output-format", output_format, "png jpeg webp", "png, jpeg or webp"),                \
        WORD("unsupported", unsupported, "refuse drop nearest", "refuse, drop or nearest"),        \
        WORD("format", format, "url b64_json", "url or b64_json"),                                 \
        {.name = "extra", .kind = OPTION_EXTRA, .wants = "KEY=JSON"}, TEXT("output", 'o', output), \
        FLAG("json", 0, json)

/* How it is sent, and what it may cost. */
#define SENDING                                                                                    \
    PLACES, TEXT("base-url", 0, base_url),                                                         \
        {.name = "timeout",                                                                        \
         .kind = OPTION_SECONDS,                                                                   \
         .offset = offsetof(struct cli_options, timeout_ms),                                       \
         .most = 86400,                                                                            \
         .wants = "seconds from 0.001 to 86400"},                                                  \
        NUMBER("retries", 0, retries, 0, 20, "a whole number from 0 to 20"),                       \
        WORD("retry", retry, "safe always never", "safe, always or never"),                        \
        NUMBER("max-image-bytes", 0, max_image_bytes, 1, INT64_C(1) << 40,                         \
               "a whole number of bytes from 1 to 2^40"),                                          \
        FLAG("sandbox", 0, sandbox),                                                               \
        {.name = "route",                                                                          \
         .kind = OPTION_ROUTE,                                                                     \
         .wants = "BACKEND/PROVIDER/MODEL, where a part may be empty"},                            \
        MONEY("budget", budget, "US dollars as 2.50, at most 12 decimals"),                        \
        MONEY("price", price, "US dollars as 0.008, at most 12 decimals"),                         \
        TEXT("ledger", 0, ledger), TEXT("cache", 0, cache), TEXT("stats", 0, stats),               \
        TEXT("health", 0, health)

/* What comes before a picture is done. */
#define STREAMING                                                                                  \
    FLAG("stream", 0, stream),                                                                     \
        NUMBER("partial-images", 0, partial_images, 0, 3, "a whole number from 0 to 3"),           \
        TEXT("partials", 0, partials)

const struct cli_option cli_generate_options[] = {
    DRAWING,
    TEXT("image", 0, image),
    SENDING,
    TEXT("batch", 0, batch),
    NUMBER("jobs", 0, jobs, 1, 1024, "a whole number from 1 to 1024"),
    FLAG("recipe", 0, recipe),
    STREAMING,
    {.kind = OPTION_END},
};

const struct cli_option cli_edit_options[] = {
    DRAWING,   {.name = "image", .kind = OPTION_IMAGE, .wants = "FILE or URL"},
    SENDING,   FLAG("recipe", 0, recipe),
    STREAMING, {.kind = OPTION_END},
};

/* Of the commands that only ask. */
#define ASKING                                                                                     \
    FLAG("json", 0, json), TEXT("base-url", 0, base_url), FLAG("sandbox", 0, sandbox),             \
        NUMBER("retries", 0, retries, 0, 20, "a whole number from 0 to 20"),                       \
    {                                                                                              \
        .name = "timeout", .kind = OPTION_SECONDS,                                                 \
        .offset = offsetof(struct cli_options, timeout_ms), .most = 86400,                         \
        .wants = "seconds from 0.001 to 86400"                                                     \
    }

const struct cli_option cli_upload_options[] = {
    FLAG("help", 'h', help),
    PLACES,
    ASKING,
    {.kind = OPTION_END},
};

const struct cli_option cli_models_options[] = {
    FLAG("help", 'h', help),
    TEXT("provider", 'p', provider),
    TEXT("type", 0, type),
    {.name = "filter", .kind = OPTION_FILTER, .wants = "NAME=VALUE or NAME"},
    WORD("sort", sort, "price latency provider model family series speciality queries",
         "price, latency, provider, model, family, series, speciality or queries"),
    TEXT("family", 0, family),
    TEXT("speciality", 0, speciality),
    TEXT("country", 0, country),
    FLAG("detailed", 0, detailed),
    FLAG("builtin", 0, built_in),
    TEXT("prices", 0, prices),
    PLACES,
    ASKING,
    {.kind = OPTION_END},
};

const struct cli_option cli_estimate_options[] = {
    FLAG("help", 'h', help),
    TEXT("model", 'm', model),
    TEXT("provider", 'p', provider),
    NUMBER("number", 'n', n, 1, APIPIE_LIMIT_N, "a whole number from 1 to 64"),
    {.name = "size",
     .letter = 's',
     .kind = OPTION_SIZE,
     .most = APIPIE_LIMIT_SIDE,
     .wants = "WIDTHxHEIGHT, 1 to 8192 each"},
    TEXT("quality", 'q', quality),
    {.name = "route",
     .kind = OPTION_ROUTE,
     .wants = "BACKEND/PROVIDER/MODEL, where a part may be empty"},
    MONEY("price", price, "US dollars as 0.008, at most 12 decimals"),
    TEXT("prices", 0, prices),
    PLACES,
    ASKING,
    {.kind = OPTION_END},
};

const struct cli_option cli_history_options[] = {
    FLAG("help", 'h', help),
    MOMENT("since", since),
    MOMENT("until", until),
    WORD("by", by, "day provider model key tag", "day, provider, model, key or tag"),
    NUMBER("limit", 0, limit, 1, 10000000, "a whole number from 1 to 10000000"),
    TEXT("ledger", 0, ledger),
    FLAG("local", 0, local),
    PLACES,
    ASKING,
    {.kind = OPTION_END},
};

const struct cli_option cli_backends_options[] = {
    FLAG("help", 'h', help),
    TEXT("config", 0, config_file),
    FLAG("json", 0, json),
    {.kind = OPTION_END},
};

const struct cli_option cli_doctor_options[] = {
    FLAG("help", 'h', help),
    PLACES,
    FLAG("json", 0, json),
    TEXT("base-url", 0, base_url),
    {.name = "timeout",
     .kind = OPTION_SECONDS,
     .offset = offsetof(struct cli_options, timeout_ms),
     .most = 86400,
     .wants = "seconds from 0.001 to 86400"},
    {.kind = OPTION_END},
};

const struct cli_option cli_sandbox_options[] = {
    FLAG("help", 'h', help),
    NUMBER("port", 0, port, 0, 65535, "a port from 0 to 65535"),
    TEXT("fault", 0, fault),
    NUMBER("drawing-time", 0, drawing_ms, 0, 600000, "milliseconds from 0 to 600000"),
    TEXT("basic", 0, basic),
    {.kind = OPTION_END},
};

const struct cli_option cli_stats_options[] = {
    FLAG("help", 'h', help),
    TEXT("file", 0, file),
    FLAG("json", 0, json),
    FLAG("prometheus", 0, prometheus),
    FLAG("openmetrics", 0, openmetrics),
    {.kind = OPTION_END},
};

const struct cli_option cli_health_options[] = {
    FLAG("help", 'h', help),
    TEXT("file", 0, file),
    TEXT("provider", 'p', provider),
    TEXT("model", 'm', model),
    TEXT("check", 0, check),
    FLAG("list", 0, list),
    ASKING,
    {.kind = OPTION_END},
};

const struct cli_option cli_choose_options[] = {
    FLAG("help", 'h', help),
    TEXT("family", 0, family),
    TEXT("speciality", 0, speciality),
    TEXT("series", 0, series),
    TEXT("provider", 'p', provider),
    {.name = "size",
     .letter = 's',
     .kind = OPTION_SIZE,
     .most = APIPIE_LIMIT_SIDE,
     .wants = "WIDTHxHEIGHT, 1 to 8192 each"},
    TEXT("quality", 'q', quality),
    TEXT("country", 0, country),
    FLAG("edit", 0, edit),
    MONEY("max-price", max_price, "US dollars as 0.008, at most 12 decimals"),
    NUMBER("max-p95", 0, max_p95, 1, 86400000, "milliseconds from 1 to 86400000"),
    WORD("by", by, "price speed reliability balance", "price, speed, reliability or balance"),
    FLAG("explain", 0, explain),
    TEXT("models", 0, models),
    TEXT("stats", 0, stats),
    FLAG("builtin", 0, built_in),
    TEXT("prices", 0, prices),
    ASKING,
    {.kind = OPTION_END},
};

const struct cli_option cli_compare_options[] = {
    FLAG("help", 'h', help),
    WORD("by", by, "provider family series version speciality",
         "provider, family, series, version or speciality"),
    MOMENT("since", since),
    TEXT("family", 0, family),
    TEXT("speciality", 0, speciality),
    TEXT("series", 0, series),
    TEXT("provider", 'p', provider),
    TEXT("models", 0, models),
    TEXT("stats", 0, stats),
    FLAG("builtin", 0, built_in),
    TEXT("prices", 0, prices),
    ASKING,
    {.kind = OPTION_END},
};

const struct cli_option cli_recommend_options[] = {
    FLAG("help", 'h', help),      TEXT("models", 0, models), TEXT("stats", 0, stats),
    FLAG("history", 0, history),  TEXT("ledger", 0, ledger), MOMENT("since", since),
    FLAG("builtin", 0, built_in), TEXT("prices", 0, prices), ASKING,
    {.kind = OPTION_END},
};

const struct cli_option cli_dashboard_options[] = {
    FLAG("help", 'h', help),
    TEXT("output", 'o', output),
    TEXT("stats", 0, stats),
    TEXT("health", 0, health),
    TEXT("ledger", 0, ledger),
    FLAG("history", 0, history),
    MOMENT("since", since),
    TEXT("prices", 0, prices),
    TEXT("models", 0, models),
    FLAG("builtin", 0, built_in),
    ASKING,
    {.kind = OPTION_END},
};

const struct cli_option *cli_option_find(const struct cli_option *table, const char *name,
                                         size_t length)
{
    for (; table->name != NULL; table++)
        if (strlen(table->name) == length && memcmp(table->name, name, length) == 0)
            return table;
    return NULL;
}
