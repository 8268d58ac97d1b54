// SPDX-License-Identifier: AGPL-3.0-or-later
// Files of older Office formats become files of today's by LibreOffice, which is neither trusted nor required: it runs in
// larder-convert's jail, in a private folder that is removed whatever happens, and ends by itself or by us. What it gives
// is as untrusted as what it got. Blocks; call it from a pool's thread, any number at once.
#ifndef LARDER_JOBS_CONVERTER_H
#define LARDER_JOBS_CONVERTER_H

#include "base/error.h"

#include <limits.h>
#include <stdatomic.h>

#define CONVERT_MEMORY_DEFAULT ((int64_t)1 << 30)
#define CONVERT_RESULT_MAX ((int64_t)256 << 20) // of the file that it makes
#define CONVERT_ROOM_MAX ((int64_t)384 << 20) // of the private folder, the input included
enum { CONVERT_ENTRIES_MAX = 4000 }; // in it; a profile and a result are under a hundred

// What a person reads who needs it and has not got it.
#define CONVERT_INSTALL                                                                            \
    "LibreOffice (Debian: libreoffice-writer-nogui libreoffice-calc-nogui "                        \
    "libreoffice-impress-nogui)"

// Finds LibreOffice's program: setting "" looks in the usual places, "off" finds none, anything else is the path of soffice
// or soffice.bin. False if there is none.
bool converter_find(const char *setting, char ret_program[PATH_MAX]);

struct convert_request {
    const char *jail; // the program larder-convert
    const char *office; // as converter_find gave it
    const char *folder; // where private folders are made; absolute, ours alone
    const char *hide; // a folder that must not be seen, absolute: the data folder; may be NULL
    int input_fd; // a regular file, from its start; lent
    const char *from, *to; // endings: "doc", "docx"
    int64_t memory_bytes; // 0: CONVERT_MEMORY_DEFAULT
    int64_t wall_ms;
    bool sandbox_prefer; // take a lesser jail where the machine allows no more
    bool without_namespaces; // for tests
};

enum convert_end {
    CONVERT_DONE,
    CONVERT_FAILED, // LibreOffice gave no file
    CONVERT_CRASHED,
    CONVERT_OUT_OF_TIME,
    CONVERT_OUT_OF_ROOM, // the result or the folder grew too large
    CONVERT_NO_SANDBOX,
    CONVERT_CANCELLED,
    CONVERT_ENDS
};

struct convert_result {
    enum convert_end end;
    int fd; // of the file that came, to be read only, and to be closed by the caller; -1 unless CONVERT_DONE
    int64_t size;
    char text[ERROR_TEXT_MAX]; // one sentence for a person
    int64_t wall_ms, cpu_ms;
    uint32_t level, landlock_abi; // of the jail; 0: it was not reached
};

// 0 with *ret filled whenever it was tried. Else nothing ran: ERR_NOT_FOUND, ERR_MEMORY, ERR_BUSY, ERR_IO, ERR_NO_SPACE.
// cancel may be NULL; it is looked at every 50 ms.
int converter_run(const struct convert_request *q, const atomic_bool *cancel,
    struct convert_result *ret, struct error *err);

const char *convert_end_word(enum convert_end end);
// The finding that such an end means for the document; NULL when it means none.
const char *convert_end_finding(enum convert_end end);
// Removes what a killed server left behind; at the start, before anything is converted. Makes the folder.
int converter_sweep(const char *folder, struct error *err);

#endif
