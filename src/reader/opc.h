// SPDX-License-Identifier: AGPL-3.0-or-later
// An Open Packaging Conventions package (ECMA-376 part 2): the ZIP file that a DOCX, XLSX or PPTX is. Opens it over the
// reader's memory with every check that a container needs, knows content types and relationships, and unpacks parts as
// streams within the limits. Nothing is ever written anywhere, so names that climb out of a folder can do no harm.
//
// Invariants: parts are known by their path without the leading slash, compared without case. A part is never unpacked
// whole unless the caller asks for it with a maximum. One thread; all memory is the package's and goes with opc_close.
// Limits: reader_limits (entries, part_bytes, unpacked_bytes, ratio), OPC_RELS_MAX, OPC_ARENA_MAX.
#ifndef LARDER_READER_OPC_H
#define LARDER_READER_OPC_H

#include "base/arena.h"
#include "base/map.h"
#include "reader/reader.h"

enum {
    OPC_RELS_MAX = 20000, // of one part: a long document has one a hyperlink
    OPC_ARENA_MAX = 96 * 1024 * 1024, // names and relationships
    OPC_RATIO_FROM =
        16 * 1024 * 1024, // smaller parts may be packed as well as they like: an empty picture is
    OPC_TOTAL_FROM = 64 * 1024 * 1024, // of all parts: so may smaller files
    OPC_NAME_MAX = 1024,
    OPC_READ_AGAIN = 4, // times the whole package; a part that is shown over and over
    OPC_READ_SLACK = 64 * 1024 * 1024, // of small packages
};

// From OPC_DOCUMENT on it is another ZIP package, without content types and relationships: only its parts are opened.
enum opc_family { OPC_OTHER, OPC_WORD, OPC_SHEET, OPC_SLIDES, OPC_DOCUMENT, OPC_BOOK };

struct opc_part {
    const char *name; // "word/document.xml"
    const char *type; // content type, "" if none is declared
    size_t index; // in the ZIP directory
    int64_t size; // unpacked, as declared
    int64_t packed;
    int64_t seen; // bytes unpacked so far
    int16_t method;
};

struct opc_rel {
    const char *id;
    const char *kind; // the last word of its type: "styles", "hyperlink", "image"
    const char *target; // name of a part, or the URL if external
    const struct opc_part *part; // NULL: external, or not in the package
    bool external;
};

struct opc_rels {
    struct opc_rel *items;
    size_t count;
    struct map by_id;
};

struct opc {
    struct reader *reader;
    struct zip *zip;
    struct arena arena;
    struct opc_part *parts;
    size_t count;
    struct map by_name; // lower-case name → struct opc_part *
    struct map type_by_ext; // lower-case extension → content type
    int64_t unpacked; // bytes, of all parts together
    int64_t declared; // the same, as the directory announces
    int64_t streamed; // bytes, parts that were read again counted again
    const struct opc_part *main;
    enum opc_family family;
};

// Opens the reader's input as a package of the given family. 0, or ERR_REFUSED: findings were reported and there is
// nothing to read; other codes are not the file's fault. On failure nothing needs closing.
int opc_open(struct opc *p, struct reader *r, enum opc_family family, struct error *err);
void opc_close(struct opc *p); // also for a zeroed one

const struct opc_part *opc_find(
    const struct opc *p, const char *name); // NULL if none; no leading slash
// Relationships of a part; source NULL: those of the package. None at all is not an error. *ret_rels is always set and
// must be given back to opc_rels_done. 0, ERR_REFUSED, or another code that is not the file's fault.
int opc_rels_load(struct opc *p, const struct opc_part *source, struct opc_rels *ret_rels);
void opc_rels_done(struct opc_rels *rels);
const struct opc_rel *opc_rel_by_id(const struct opc_rels *rels, const char *id); // NULL if none
const struct opc_rel *opc_rel_by_kind(
    const struct opc_rels *rels, const char *kind); // the first, or NULL
// The host of an external target: "example.org", the server of a UNC path, "" for a local file or something else.
void opc_host_of(const char *target, char *ret_host, size_t cap);

// A part as a stream of bytes.
struct opc_stream {
    struct opc *package;
    struct opc_part *part;
    struct zip_file *file;
    int64_t done;
};
int opc_stream_open(struct opc_stream *s, struct opc *p, const struct opc_part *part);
// Bytes read, 0 at the end, ERR_REFUSED (a bomb: reported), ERR_CORRUPT (broken data or checksum: not yet reported,
// because only the caller knows whether the part is needed).
int64_t opc_stream_read(struct opc_stream *s, void *to, size_t max);
void opc_stream_close(struct opc_stream *s);
// Appends a whole part; ERR_TOO_LARGE if it is over `max`, else as opc_stream_read.
int opc_part_read(struct opc *p, const struct opc_part *part, size_t max, struct buf *b);

// What a broken part means. needed: a structure.corrupt finding and ERR_REFUSED. Else: a structure.repaired warning, 0.
int opc_part_broken(struct opc *p, const struct opc_part *part, bool needed);

#endif
