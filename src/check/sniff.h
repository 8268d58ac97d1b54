// SPDX-License-Identifier: AGPL-3.0-or-later
// Layer 3: what are the bytes? Looks at the first and last SNIFF_BYTES and, in a ZIP file, at the directory and the list of
// content types; decides nothing (check.c does). Reads with pread, any thread. To add a type: a kind, its title and its
// signature in sniff.c, and a line in check.c's table of what a format may be.
#ifndef LARDER_CHECK_SNIFF_H
#define LARDER_CHECK_SNIFF_H

#include "base/slice.h"

enum {
    SNIFF_BYTES = 64 * 1024,
    SNIFF_PDF_WITHIN = 1024, // bytes: readers of PDF accept rubbish before the header
    SNIFF_DIRECTORY_MAX = 4 << 20, // of a ZIP file's directory
    SNIFF_ENTRIES_MAX = 20000,
    SNIFF_TYPES_PACKED_MAX = 256 << 10, // of [Content_Types].xml
    SNIFF_TYPES_MAX = 1 << 20, // unpacked
};

enum sniff_kind {
    SNIFF_UNKNOWN, // binary, of no known kind
    SNIFF_TEXT, // in some encoding
    SNIFF_HTML,
    SNIFF_XML,
    SNIFF_JSON,
    SNIFF_RTF,
    SNIFF_SCRIPT, // "#!"
    SNIFF_POSTSCRIPT,
    SNIFF_PLAYLIST, // a list of other files to play: #EXTM3U, [playlist], ffconcat
    SNIFF_PDF,
    SNIFF_DOCX,
    SNIFF_DOCM,
    SNIFF_XLSX,
    SNIFF_XLSM,
    SNIFF_XLSB,
    SNIFF_PPTX,
    SNIFF_ODF,
    SNIFF_EPUB,
    SNIFF_ZIP, // another whole ZIP file
    SNIFF_ZIP_ODD, // begins or ends like one, but empty, cut, broken, overlapping or of a kind not looked into
    SNIFF_CFB, // the older Office container, or an encrypted package
    SNIFF_PNG,
    SNIFF_JPEG,
    SNIFF_GIF,
    SNIFF_WEBP,
    SNIFF_BMP,
    SNIFF_TIFF,
    SNIFF_HEIC,
    SNIFF_MP4,
    SNIFF_MOV,
    SNIFF_M4A,
    SNIFF_AVI,
    SNIFF_WAV,
    SNIFF_MP3,
    SNIFF_AAC,
    SNIFF_OGG,
    SNIFF_FLAC,
    SNIFF_MATROSKA,
    SNIFF_ELF,
    SNIFF_WINDOWS, // a program for Windows
    SNIFF_MACHO,
    SNIFF_JAVA,
    SNIFF_GZIP,
    SNIFF_BZIP2,
    SNIFF_XZ,
    SNIFF_RAR,
    SNIFF_7Z,
    SNIFF_TAR,
    SNIFF_SQLITE,
    SNIFF_KINDS
};

struct sniff {
    enum sniff_kind kind; // by the beginning, or by the ZIP directory
    bool text; // all that was looked at is text in some encoding
    bool
        zip_behind; // a whole ZIP file ends where the file ends, though it begins as something else
    bool pdf_inside; // "%PDF-" within SNIFF_PDF_WITHIN, though it begins as something else
    bool html_before; // a web page begins before the "%PDF-"
    bool script_head; // the header of a picture doubles as a script (GIF89a/*…)
};

// 0, or ERR_IO.
int sniff_file(int fd, int64_t size, struct sniff *ret);
// On bytes in memory; for tests and fuzzing.
int sniff_bytes(struct slice bytes, struct sniff *ret);
const char *sniff_title(enum sniff_kind kind); // "a PDF", "plain text"
// Text in UTF-8, UTF-16 or an old encoding, as opposed to binary data.
bool sniff_is_text(struct slice bytes);

#endif
