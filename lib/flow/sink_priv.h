/* SPDX-License-Identifier: MIT */
/* Between the sinks alone. */
#ifndef PIE_SINK_PRIV_H
#define PIE_SINK_PRIV_H

#include "flow/flow.h"

apipie_status pie_sink_memory_new(const struct pie_mem *mem, const struct pie_wish *wish,
                                  struct pie_sink **ret);
apipie_status pie_sink_file_new(const struct pie_mem *mem, const struct pie_wish *wish,
                                struct pie_sink **ret);
apipie_status pie_sink_host_new(const struct pie_mem *mem, const struct pie_wish *wish,
                                struct pie_sink **ret);

/* Sets problem to "cannot write NAME: WHY"; returns status. */
apipie_status pie_sink_failed(struct pie_sink *s, apipie_status status, const char *name,
                              const char *why);

/* Records of slots, by slot number, zeroed when made. */
struct pie_slots {
    const struct pie_mem *mem;
    void *list;
    size_t record; /* size of one */
    size_t count;
};

/* Most slots a sink takes. */
#define PIE_SLOTS_MAX 65536

/* The record of a slot, made when new; NULL without memory. Moves the others. */
void *pie_slots_get(struct pie_slots *s, uint32_t slot);

/* ---- sink_name.c: names of files */

/* 1 for a device or pipe, and for names of streams that are already open, whatever stands behind them. */
int32_t pie_name_is_stream(const char *path);
/* Makes a new file under a hidden name in the folder of `path` (in `path` itself for folder 1). ret_temp is owned. */
apipie_status pie_name_temporary(const struct pie_mem *mem, const char *path, int32_t folder,
                                 pie_file *ret, char **ret_temp, const char **ret_reason);
/* "a/x.png" and 2 to "a/x-2.png", owned; 1 changes nothing. NULL without memory. */
char *pie_name_numbered(const struct pie_mem *mem, const char *path, uint64_t number);
/* A file name without extension from a prompt or a wished stem; never empty, no separators. */
#define PIE_NAME_STEM 201
void pie_name_from_prompt(struct pie_slice prompt, char out[PIE_NAME_STEM]);
void pie_name_from_stem(struct pie_slice stem, char out[PIE_NAME_STEM]);
/* The length of the last part of a path. */
size_t pie_name_last(const char *path);

#endif
