// SPDX-License-Identifier: AGPL-3.0-or-later
// What the app lends to its further scripts (dashboard.js, access.js, verify.js), so that all are one app with one Preact and one state:
// main.tsx puts it on the window, web/build.py puts window.larder in place of "preact" and "larder-app" there.
export { Fragment, h } from "preact";
export { useEffect, useRef, useState } from "preact/hooks";
export { api, sentence } from "../api/client";
export { may, session } from "../api/session";
export { attempt, confirmFirst, Failed, WorkButton } from "../views/bits";
export { announce, useCell } from "./cell";
export { go, here } from "./router";
export { when } from "./words";
