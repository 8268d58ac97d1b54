// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements loop_answer of internal.h.
#include "assist/internal.h"

int loop_answer(struct run *r, struct error *err)
{
    (void)r;
    return error_set(err, ERR_UNSUPPORTED, "No language model is spoken to yet.");
}
