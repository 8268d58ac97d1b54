// SPDX-License-Identifier: AGPL-3.0-or-later
// The file types that Larder knows: names, extensions, media types, categories, caps. One entry a type; `larder formats`,
// GET /v1/formats and the formats page are made from this table. Recognising bytes is check/sniff.h's part, reading them
// reader/'s.
#ifndef LARDER_CONFIG_FORMATS_H
#define LARDER_CONFIG_FORMATS_H

#include "base/slice.h"

enum format_id {
    FORMAT_UNKNOWN,
    FORMAT_PDF,
    FORMAT_DOCX,
    FORMAT_DOCM,
    FORMAT_XLSX,
    FORMAT_XLSM,
    FORMAT_PPTX,
    FORMAT_TXT,
    FORMAT_MD,
    FORMAT_CSV,
    FORMAT_MP4,
    FORMAT_MOV,
    FORMAT_AVI,
    FORMAT_WAV,
    FORMAT_MP3,
    FORMAT_M4A,
    FORMAT_JPG,
    FORMAT_JPEG,
    FORMAT_PNG,
    FORMAT_GIF,
    FORMAT_WEBP,
    FORMAT_TIFF,
    FORMAT_BMP,
    FORMAT_HTML,
    FORMAT_TSV,
    FORMAT_JSON,
    FORMAT_XML,
    FORMAT_SRT,
    FORMAT_VTT,
    FORMAT_EML,
    FORMAT_ODT,
    FORMAT_ODS,
    FORMAT_ODP,
    FORMAT_EPUB,
    FORMAT_RTF,
    FORMAT_DOC,
    FORMAT_XLS,
    FORMAT_PPT,
    FORMAT_IDS
};

struct format_info {
    enum format_id id;
    const char *name; // "pdf": the type in the API
    const char *title; // "Word with macros"
    const char *extensions; // space-separated, lower case, no dots: "jpg jpeg"
    const char *media_type;
    const char *category; // manual, spreadsheet, presentation, text, data, image, video, audio
    const char *mode; // default mode: fast, hi_res
    int64_t cap; // bytes, default
    const char *unit; // what progress counts: page, slide, row, line, second, section
    const char *read_into; // for the formats page
    const char *cited_by;
    bool pages; // can be shown as pictures of its pages or frames
    const char *
        converted_to; // name of the type that LibreOffice makes of it before it is read; NULL: read as it is
};

const struct format_info *format_info(enum format_id id); // entry of FORMAT_UNKNOWN: NULL
const struct format_info *format_by_name(struct slice name); // "pdf"; NULL if none
const struct format_info *format_by_extension(
    struct slice ext); // without dot, any case; NULL if none
const struct format_info *format_by_media_type(
    struct slice type); // parameters after ';' ignored; NULL if none
const struct format_info *format_at(size_t i); // for listing; NULL past the end

#endif
