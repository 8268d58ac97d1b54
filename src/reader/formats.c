// SPDX-License-Identifier: AGPL-3.0-or-later
// The list of formats that larder-reader can read. To add one: its file in meson.build, a declaration and an entry here,
// and an entry in config/formats.c.
#include "reader/reader.h"

extern const struct reader_format format_csv, format_md, format_txt, format_xlsm,
    format_xlsx; // each in the file of its name

extern const struct reader_format format_pdf;

extern const struct reader_format format_html;

extern const struct reader_format format_docm, format_docx, format_pptx;

extern const struct reader_format format_wav, format_mp3, format_m4a, format_mp4, format_mov,
    format_avi; // media.c
extern const struct reader_format format_jpg, format_jpeg, format_png, format_gif, format_webp,
    format_tiff, format_bmp; // image.c

extern const struct reader_format format_tsv;

extern const struct reader_format format_json;

extern const struct reader_format format_xml;

extern const struct reader_format format_srt;

extern const struct reader_format format_vtt;

extern const struct reader_format format_eml;

extern const struct reader_format format_odt;

extern const struct reader_format format_ods;

extern const struct reader_format format_odp;

extern const struct reader_format format_epub;

extern const struct reader_format format_rtf;

extern const struct reader_format format_doc, format_xls, format_ppt; // legacy.c

const struct reader_format *const reader_formats[] = {
    &format_csv,
    &format_md,
    &format_txt,
    &format_xlsm,
    &format_xlsx,
    &format_docm,
    &format_docx,
    &format_pptx,
    &format_pdf,
    &format_wav,
    &format_mp3,
    &format_m4a,
    &format_mp4,
    &format_mov,
    &format_avi,
    &format_jpg,
    &format_jpeg,
    &format_png,
    &format_gif,
    &format_webp,
    &format_tiff,
    &format_bmp,
    &format_html,
    &format_tsv,
    &format_json,
    &format_xml,
    &format_srt,
    &format_vtt,
    &format_eml,
    &format_odt,
    &format_ods,
    &format_odp,
    &format_epub,
    &format_rtf,
    &format_doc,
    &format_xls,
    &format_ppt,
    NULL,
};
