// SPDX-License-Identifier: AGPL-3.0-or-later
// Excel workbooks: checks and reads whatever it is given. The corpus holds parts as text; see ooxml_fuzz.h.
#include "ooxml_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_office(data, size, FORMAT_XLSX, "xl/workbook.xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml");
}
