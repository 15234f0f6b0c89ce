/* SPDX-License-Identifier: MIT */
/* Between json_read.c and json_write.c alone: a node is a jansson value in disguise. */
#ifndef PIE_JSON_PRIV_H
#define PIE_JSON_PRIV_H

#include "codec/codec.h"

#include <jansson.h>

static inline const json_t *json_of_node(const struct pie_node *node)
{
    return (const json_t *)(const void *)node;
}

static inline const struct pie_node *json_as_node(const json_t *value)
{
    return (const struct pie_node *)(const void *)value;
}

#endif
