// SPDX-License-Identifier: AGPL-3.0-or-later
// The tools, one file each; assist/tool.c lists them.
#ifndef LARDER_ASSIST_TOOLS_TOOLS_H
#define LARDER_ASSIST_TOOLS_TOOLS_H

#include "assist/tool.h"

extern const struct tool search_knowledge_tool, equipment_guidance_tool, document_read_tool,
    compare_sources_tool, recommend_tool, list_documents_tool, file_status_tool, system_status_tool;

#endif
