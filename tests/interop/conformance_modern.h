// SPDX-License-Identifier: AGPL-3.0-or-later
// The example tools of revision 2026-07-28, for conformance_server.c. Each answers as the functions of struct mcp_set do.
#ifndef LARDER_TESTS_CONFORMANCE_MODERN_H
#define LARDER_TESTS_CONFORMANCE_MODERN_H

#include "api/mcp.h"

void modern_put_tools(struct json_out *j);
int modern_tool(struct mcp_call *c, struct slice name, struct json_out *j, struct error *err);
int modern_prompt(struct mcp_call *c, struct slice name, struct json_out *j, struct error *err);
const char *modern_headers(const struct http_request *req, const struct rpc_message *m);

#endif
