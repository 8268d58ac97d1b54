// SPDX-License-Identifier: AGPL-3.0-or-later
// The table of formats.h. To add a type: one entry here, one in check/sniff.c, one file in reader/ (docs/adding-a-format.md).
#include "config/formats.h"

#define MIB (1024 * 1024)
#define OOXML "application/vnd.openxmlformats-officedocument."

static const struct format_info formats[] = {
    { FORMAT_PDF, "pdf", "PDF", "pdf", "application/pdf", "manual", "hi_res", 100 * MIB, "page",
        "headings, paragraphs, lists, tables, figures, page images; words of scanned pages",
        "page + box", true },
    { FORMAT_DOCX, "docx", "Word", "docx", OOXML "wordprocessingml.document", "manual", "hi_res",
        100 * MIB, "section",
        "headings, paragraphs, lists, tables, images, notes, headers and footers",
        "part + section" },
    { FORMAT_DOCM, "docm", "Word with macros", "docm",
        "application/vnd.ms-word.document.macroEnabled.12", "manual", "hi_res", 100 * MIB,
        "section", "as Word; the macro is a finding, never run, never indexed as prose",
        "part + section" },
    { FORMAT_XLSX, "xlsx", "Excel", "xlsx", OOXML "spreadsheetml.sheet", "spreadsheet", "hi_res",
        100 * MIB, "row", "sheets, header rows, rows, values as people see them", "sheet!range" },
    { FORMAT_XLSM, "xlsm", "Excel with macros", "xlsm",
        "application/vnd.ms-excel.sheet.macroEnabled.12", "spreadsheet", "hi_res", 100 * MIB, "row",
        "as Excel; the macro is a finding", "sheet!range" },
    { FORMAT_PPTX, "pptx", "PowerPoint", "pptx", OOXML "presentationml.presentation",
        "presentation", "hi_res", 100 * MIB, "slide",
        "slide titles, text in reading order, tables, notes, images", "slide" },
    { FORMAT_TXT, "txt", "Plain text", "txt", "text/plain", "text", "fast", 25 * MIB, "line",
        "paragraphs; encoding detected", "line range" },
    { FORMAT_MD, "md", "Markdown", "md markdown", "text/markdown", "text", "fast", 25 * MIB, "line",
        "headings, paragraphs, lists, code, tables", "heading + line range" },
    { FORMAT_CSV, "csv", "CSV", "csv", "text/csv", "data", "fast", 50 * MIB, "row",
        "header and rows; delimiter, quoting and encoding detected", "row range" },
    { FORMAT_MP4, "mp4", "MP4", "mp4 m4v", "video/mp4", "video", "fast", 2048LL * MIB, "second",
        "speech with times, subtitle tracks, chapters, tags; key frames", "start–end seconds" },
    { FORMAT_MOV, "mov", "QuickTime", "mov", "video/quicktime", "video", "fast", 2048LL * MIB,
        "second", "as MP4", "start–end seconds" },
    { FORMAT_AVI, "avi", "AVI", "avi", "video/x-msvideo", "video", "fast", 2048LL * MIB, "second",
        "as MP4", "start–end seconds" },
    { FORMAT_WAV, "wav", "WAV", "wav", "audio/wav", "audio", "fast", 500 * MIB, "second",
        "speech with times", "start–end seconds" },
    { FORMAT_MP3, "mp3", "MP3", "mp3", "audio/mpeg", "audio", "fast", 500 * MIB, "second",
        "speech with times, tags", "start–end seconds" },
    { FORMAT_M4A, "m4a", "M4A", "m4a", "audio/mp4", "audio", "fast", 500 * MIB, "second",
        "speech with times, chapters, tags", "start–end seconds" },
    { FORMAT_JPG, "jpg", "JPEG", "jpg", "image/jpeg", "image", "hi_res", 50 * MIB, "frame",
        "the words on it with their boxes; turned the right way; a thumbnail", "box", true },
    { FORMAT_JPEG, "jpeg", "JPEG", "jpeg", "image/jpeg", "image", "hi_res", 50 * MIB, "frame",
        "as .jpg", "box", true },
    { FORMAT_PNG, "png", "PNG", "png", "image/png", "image", "hi_res", 50 * MIB, "frame", "as JPEG",
        "box", true },
    { FORMAT_GIF, "gif", "GIF", "gif", "image/gif", "image", "hi_res", 50 * MIB, "frame",
        "frames that differ, the words on each", "frame + box", true },
    { FORMAT_WEBP, "webp", "WebP", "webp", "image/webp", "image", "hi_res", 50 * MIB, "frame",
        "as JPEG; animated as GIF", "box", true },
    { FORMAT_TIFF, "tiff", "TIFF", "tiff tif", "image/tiff", "image", "hi_res", 100 * MIB, "page",
        "pages, the words on each with their boxes; faxes at their true shape", "page + box",
        true },
    { FORMAT_BMP, "bmp", "BMP", "bmp dib", "image/bmp", "image", "hi_res", 50 * MIB, "frame",
        "as JPEG", "box", true },
    { FORMAT_HTML, "html", "Web page", "html htm xhtml", "text/html", "manual", "fast", 25 * MIB,
        "section", "headings, paragraphs, lists, tables, code, descriptions of pictures",
        "section" },
    { FORMAT_TSV, "tsv", "Tab-separated values", "tsv tab", "text/tab-separated-values", "data",
        "fast", 50 * MIB, "row", "as CSV, cells parted by tabs", "row range" },
    { FORMAT_JSON, "json", "JSON", "json jsonl ndjson", "application/json", "data", "fast",
        50 * MIB, "line", "names with their values; lists of like objects as tables",
        "section + line range" },
    { FORMAT_XML, "xml", "XML", "xml", "application/xml", "data", "fast", 50 * MIB, "section",
        "text by element, attributes", "section" },
    { FORMAT_SRT, "srt", "SubRip subtitles", "srt", "application/x-subrip", "text", "fast",
        10 * MIB, "line", "what is said", "start–end seconds" },
    { FORMAT_VTT, "vtt", "WebVTT subtitles", "vtt", "text/vtt", "text", "fast", 10 * MIB, "line",
        "what is said, by whom", "start–end seconds" },
    { FORMAT_EML, "eml", "Mail message", "eml", "message/rfc822", "text", "fast", 50 * MIB,
        "section", "subject, sender, what is said; attachments are named", "part of the message" },
    { FORMAT_ODT, "odt", "OpenDocument text", "odt ott", "application/vnd.oasis.opendocument.text",
        "manual", "hi_res", 100 * MIB, "section",
        "headings, paragraphs, lists, tables, notes, headers and footers", "part + section" },
    { FORMAT_ODS, "ods", "OpenDocument spreadsheet", "ods ots",
        "application/vnd.oasis.opendocument.spreadsheet", "spreadsheet", "hi_res", 100 * MIB, "row",
        "sheets, header rows, rows, values as people saw them", "sheet!range" },
    { FORMAT_ODP, "odp", "OpenDocument presentation", "odp otp",
        "application/vnd.oasis.opendocument.presentation", "presentation", "hi_res", 100 * MIB,
        "slide", "slide titles, text, tables, notes", "slide" },
    { FORMAT_EPUB, "epub", "EPUB book", "epub", "application/epub+zip", "manual", "fast", 100 * MIB,
        "section", "chapters in order, as web pages", "chapter + section" },
    { FORMAT_RTF, "rtf", "Rich Text", "rtf", "application/rtf", "manual", "fast", 50 * MIB,
        "section", "headings, paragraphs, tables, notes, headers and footers", "part + section" },
    { FORMAT_DOC, "doc", "Word 97 to 2003", "doc dot", "application/msword", "manual", "hi_res",
        100 * MIB, "section", "as Word, through LibreOffice, which must be installed",
        "part + section", false, "docx" },
    { FORMAT_XLS, "xls", "Excel 97 to 2003", "xls xlt", "application/vnd.ms-excel", "spreadsheet",
        "hi_res", 100 * MIB, "row", "as Excel, through LibreOffice, which must be installed",
        "sheet!range", false, "xlsx" },
    { FORMAT_PPT, "ppt", "PowerPoint 97 to 2003", "ppt pps pot", "application/vnd.ms-powerpoint",
        "presentation", "hi_res", 100 * MIB, "slide",
        "as PowerPoint, through LibreOffice, which must be installed", "slide", false, "pptx" },
};

const struct format_info *format_at(size_t i)
{
    return i < ARRAY_LEN(formats) ? &formats[i] : NULL;
}

const struct format_info *format_info(enum format_id id)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (formats[i].id == id) {
            return &formats[i];
        }
    }
    return NULL;
}

const struct format_info *format_by_name(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (slice_is(name, formats[i].name)) {
            return &formats[i];
        }
    }
    return NULL;
}

const struct format_info *format_by_extension(struct slice ext)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct slice rest = slice_of(formats[i].extensions), one;
        while (slice_cut(&rest, ' ', &one)) {
            if (slice_equal_nocase(one, ext)) {
                return &formats[i];
            }
        }
    }
    return NULL;
}

const struct format_info *format_by_media_type(struct slice type)
{
    struct slice bare = { NULL, 0 };

    if (!slice_cut(&type, ';', &bare)) {
        return NULL;
    }
    bare = slice_trim(bare);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (slice_equal_nocase(bare, slice_of(formats[i].media_type))) {
            return &formats[i];
        }
    }
    return NULL;
}
