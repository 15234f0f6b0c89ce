/* SPDX-License-Identifier: MIT */
/* Inside the replay: what a recording holds, without its bodies. replay_index.c fills it, replay.c plays from it. */
#ifndef PIE_REPLAY_PRIV_H
#define PIE_REPLAY_PRIV_H

#include "http/recording_priv.h"

#define PIE_REPLAY_NO_PIECE UINT32_MAX

/* Bytes of a body in the file, and which piece comes behind them. */
struct pie_replay_piece {
    uint64_t at;
    uint32_t n, next;
};

struct pie_replay_entry {
    struct pie_hash key; /* of the request: method NUL URL NUL body */
    uint64_t number;
    int32_t whole; /* its end is there */
    int32_t used;
    int32_t status; /* HTTP; 0: no head came */
    uint64_t head_at, words_at;
    size_t head_n, words_n;
    uint32_t first, last; /* pieces of the reply's body */
    uint64_t down;        /* its bytes */
    struct pie_record_end end;
};

/* Entries are in the order of their numbers. */
struct pie_replay_index {
    const struct pie_mem *mem;
    struct pie_replay_entry *entries;
    size_t count, room;
    struct pie_replay_piece *pieces;
    size_t piece_count, piece_room;
};

/* From `at` on, as far as the file is whole. APIPIE_E_FILE or APIPIE_E_MEMORY. */
apipie_status pie_replay_index_fill(struct pie_replay_index *x, struct pie_recording_in *in,
                                    uint64_t at);
void pie_replay_index_free(struct pie_replay_index *x);
/* The first whole one with that key that was not used yet; NULL. *ret_used: there is one that was. */
struct pie_replay_entry *pie_replay_index_find(struct pie_replay_index *x,
                                               const struct pie_hash *key, int32_t *ret_used);
#endif
