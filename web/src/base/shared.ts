// SPDX-License-Identifier: AGPL-3.0-or-later
// What the app lends to its second script (dashboard.js), so that both are one app with one Preact and one state: main.tsx
// puts it on the window, web/build.py puts window.larder in place of "preact" and "larder-app" there.
export { Fragment, h } from "preact";
export { useEffect, useRef, useState } from "preact/hooks";
export { api } from "../api/client";
export { announce, useCell } from "./cell";
export { here } from "./router";
