// SPDX-License-Identifier: AGPL-3.0-or-later
// The web app's files, built into the program: index.html, app.js, app.css, icon.svg and so on. Immutable.
//
// The page itself is for "/" and for every path of the app that is not a file (/documents, /documents/ID, /search, …), so that a
// reload of a deep link works.
#ifndef LARDER_API_WEB_FILES_H
#define LARDER_API_WEB_FILES_H

#include "base/embedded.h"

extern const struct embedded_file web_files[]; // web/meson.build makes them
extern const size_t web_files_count;

#endif
