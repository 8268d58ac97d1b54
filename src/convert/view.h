// SPDX-License-Identifier: AGPL-3.0-or-later
// Which files the converter sees: programs, libraries and fonts to read, the private folder to write.
#ifndef LARDER_CONVERT_VIEW_H
#define LARDER_CONVERT_VIEW_H

#include "base/base.h"

// In a mount namespace of its own: makes a root with nothing but those, /tmp being the private folder, and moves into
// it. The folder and what is in it are given to `owner` (UINT32_MAX: left). False when the system does not allow it.
bool view_make_root(const char *program, const char *folder, const char *hide, uint32_t owner);
// Landlock over the same, afterwards. The ABI, or 0 if it could not be had.
uint32_t view_landlock(const char *program, const char *folder);

#endif
