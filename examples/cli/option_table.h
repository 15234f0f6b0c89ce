/* SPDX-License-Identifier: MIT */
/* The options of each command, a row each. */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum cli_option_kind {
    OPTION_END,
    OPTION_FLAG,    /* int32_t */
    OPTION_TEXT,    /* const char * */
    OPTION_WORD,    /* const char *, one of words */
    OPTION_NUMBER,  /* int64_t from least to most */
    OPTION_SECONDS, /* int64_t milliseconds */
    OPTION_MONEY,   /* int64_t picodollars */
    OPTION_MOMENT,  /* int64_t milliseconds since 1970 */
    OPTION_SIZE,
    OPTION_SEED,
    OPTION_SCALE, /* struct cli_decimal from 0 to most */
    OPTION_EXTRA,
    OPTION_FILTER,
    OPTION_ROUTE,
    OPTION_IMAGE /* one of several */
};

struct cli_option {
    const char *name;
    char letter; /* 0 for none */
    enum cli_option_kind kind;
    size_t offset; /* of the member, where the kind says its type */
    int64_t least, most;
    const char *words; /* of OPTION_WORD: "one two three" */
    const char *wants; /* for the message: "--n takes <wants>" */
};

/* The last row is OPTION_END. */
extern const struct cli_option cli_generate_options[];
extern const struct cli_option cli_upload_options[];
extern const struct cli_option cli_models_options[];
extern const struct cli_option cli_estimate_options[];
extern const struct cli_option cli_history_options[];
extern const struct cli_option cli_sandbox_options[];
extern const struct cli_option cli_stats_options[];
extern const struct cli_option cli_health_options[];
extern const struct cli_option cli_choose_options[];
extern const struct cli_option cli_compare_options[];
extern const struct cli_option cli_recommend_options[];
extern const struct cli_option cli_dashboard_options[];
extern const struct cli_option cli_edit_options[];
extern const struct cli_option cli_backends_options[];
extern const struct cli_option cli_doctor_options[];

/* NULL when there is none of that name. */
const struct cli_option *cli_option_find(const struct cli_option *table, const char *name,
                                         size_t length);

#endif
