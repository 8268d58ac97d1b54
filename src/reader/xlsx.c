// SPDX-License-Identifier: AGPL-3.0-or-later
// Excel workbooks (XLSX, XLSM): sheets in the workbook's order, hidden ones marked. Cells become tables in blocks of whole
// rows with exact ranges; see xlsx.h for the files. Charts' and pictures' words come after the cells of their sheet.
#include "reader/xlsx.h"

static int check_sheets(struct xlsx *x)
{
    int64_t present = 0;

    // Opening each sheet and reading its beginning finds what is broken, encrypted or a bomb at once; the rest shows when
    // the document is read.
    for (size_t i = 0; i < x->sheet_count; i++) {
        struct xml m;
        int rc = xml_open(&m, &x->package, x->sheets[i].part, x->sheet_count == 1), closed;
        if (rc != 0) {
            return rc;
        }
        while (xml_next(&m) && m.bytes < 256 * 1024) {
        }
        present += m.bytes > 0;
        closed = xml_close(&m);
        if (closed != 0) {
            return closed;
        }
    }
    if (present == 0) {
        reader_finding(
            x->r, "structure.corrupt", NULL, "None of the workbook's sheets can be read.");
        return ERR_REFUSED;
    }
    return 0;
}

static int xlsx_check(struct reader *r, struct error *err)
{
    struct xlsx x;
    int rc = xlsx_open(&x, r, true, err);

    if (rc != 0) {
        return rc == ERR_REFUSED ? 0 : rc;
    }
    rc = reader_info_number(r, "sheets", (double)x.sheet_count);
    rc = rc ? rc : ooxml_report_properties(&x.package);
    rc = rc ? rc : xlsx_check_security(&x);
    rc = rc ? rc : ooxml_check_security(&x.package);
    rc = rc ? rc : check_sheets(&x);
    xlsx_close(&x);
    return rc == 0 || rc == ERR_REFUSED ? 0
                                        : error_set(err, rc, "The workbook could not be checked.");
}

static int xlsx_read(struct reader *r, struct error *err)
{
    struct xlsx x;
    int rc = xlsx_open(&x, r, true, err);

    if (rc != 0) {
        return rc == ERR_REFUSED ? 0 : rc;
    }
    for (size_t i = 0; rc == 0 && i < x.sheet_count; i++) {
        rc = xlsx_sheet_read(&x, &x.sheets[i]);
    }
    if (rc == 0 && r->next_index == 0) {
        rc = reader_finding(
            r, "structure.no_content", NULL, "The sheets of the workbook are empty.");
    }
    if (rc == 0) {
        rc = reader_progress(r, x.rows, x.rows);
    }
    xlsx_close(&x);
    return rc == 0 || rc == ERR_REFUSED
               ? 0
               : error_set(err, rc, "The workbook could not be read to its end.");
}

const struct reader_format format_xlsx = { FORMAT_XLSX, xlsx_check, xlsx_read, NULL };
const struct reader_format format_xlsm = { FORMAT_XLSM, xlsx_check, xlsx_read, NULL };
