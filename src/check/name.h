// SPDX-License-Identifier: AGPL-3.0-or-later
// Layer 1: is the name sane? The cleaned name is check_clean_name (check.h).
#ifndef LARDER_CHECK_NAME_H
#define LARDER_CHECK_NAME_H

#include "wire/finding.h"

void check_name(struct slice name, struct findings *f);

#endif
