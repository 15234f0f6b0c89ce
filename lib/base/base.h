/* SPDX-License-Identifier: MIT */
/* The door of base: what C lacks. Knows nothing of HTTP, JSON or images. */
#ifndef PIE_BASE_H
#define PIE_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apipie/apipie.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/buf.h"
#include "base/number.h"
#include "base/hash.h"
#include "base/lines.h"
#include "base/order.h"
#include "base/os.h"
#include "base/poller.h"
#include "base/headers.h"
#include "base/save.h"
#include "base/view.h"
#include "base/writer.h"

#define PIE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
