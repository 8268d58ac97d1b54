// SPDX-License-Identifier: AGPL-3.0-or-later
// The inner half of opc.h, for opc.c only: content types, and which part is the main one.
#ifndef LARDER_READER_OPC_RELS_H
#define LARDER_READER_OPC_RELS_H

#include "reader/opc.h"

const char *opc_family_title(enum opc_family family); // "a Word document"
void opc_key_of(const char *name, char *ret_key, size_t cap);
int opc_types_load(struct opc *p); // 0, ERR_REFUSED, or another code
int opc_main_find(struct opc *p); // sets main, or reports a mismatch and gives ERR_REFUSED

#endif
