/* SPDX-License-Identifier: MIT */
/* The door of data: the plain records that travel between the rooms. init, copy, free and nothing else. */
#ifndef PIE_DATA_H
#define PIE_DATA_H

#include "base/base.h"

#include "data/routes.h"
#include "data/wish.h"
#include "data/part.h"
#include "data/result.h"
#include "data/attempt.h"
#include "data/error.h"
#include "data/input.h"

#endif
