// SPDX-License-Identifier: AGPL-3.0-or-later
// Layer 5 of Excel workbooks, beside what all Office files share (ooxml.h): links to other workbooks and DDE, which starts
// programs; connections to databases and web pages; sheets that can't be made visible from Excel's menus.
#include "reader/xlsx.h"

#include <stdio.h>

// What an external link is: "externalBook", "ddeLink", "oleLink"; and the program of a DDE link.
static int look_at_link(
    struct xlsx *x, const struct opc_part *part, size_t *books, size_t *ddes, char program[64])
{
    struct xml m;
    int rc = xml_open(&m, &x->package, part, false);

    if (rc != 0) {
        return rc;
    }
    while (xml_next(&m)) {
        if (xml_start(&m, NS_S, "ddeLink") || xml_start(&m, NS_S, "oleLink")) {
            const char *service = xml_attr(&m, NS_NONE, m.name[0] == 'd' ? "ddeService" : "progId");
            ++*ddes;
            snprintf(program, 64, "%.60s", service ? service : "");
            break;
        }
        if (xml_start(&m, NS_S, "externalBook")) {
            ++*books;
            break;
        }
    }
    return xml_close(&m);
}

static int check_hidden(struct xlsx *x)
{
    for (size_t i = 0; i < x->sheet_count; i++) {
        const struct xlsx_sheet *s = &x->sheets[i];
        struct place place = {
            .kind = PLACE_SHEET, .name = s->name, .rows = { 1, 1 }, .cols = { 1, 1 }
        };
        if (s->very_hidden) {
            int rc = reader_finding(x->r, "text.hidden", &place,
                "The sheet \"" SLICE_FMT "\" is hidden so that Excel's menus do not show it.",
                SLICE_ARG(s->name));
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

int xlsx_check_security(struct xlsx *x)
{
    size_t books = 0, ddes = 0, connections = 0;
    char program[64] = "";
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < x->package.count; i++) {
        const struct opc_part *part = &x->package.parts[i];
        if (strstr(part->type, "externalLink+xml")) {
            rc = look_at_link(x, part, &books, &ddes, program);
        }
        connections += strstr(part->type, "connections+xml") != NULL ||
                       strstr(part->type, "queryTable+xml") != NULL;
    }
    if (rc == 0 && ddes) {
        rc = reader_finding(x->r, "active.dde", NULL,
            "The workbook is linked to another program%s%s%s when it is opened.",
            program[0] ? " (" : "", program, program[0] ? ")" : "");
    }
    if (rc == 0 && books) {
        rc = reader_finding(x->r, "active.external", NULL,
            "The workbook takes values from %zu other workbook%s.", books, books == 1 ? "" : "s");
    }
    if (rc == 0 && connections) {
        rc = reader_finding(x->r, "active.external", NULL,
            "The workbook asks for data from outside when it is opened.");
    }
    return rc ? rc : check_hidden(x);
}
