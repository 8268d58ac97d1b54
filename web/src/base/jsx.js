// SPDX-License-Identifier: AGPL-3.0-or-later
// What JSX becomes: injected by web/build.py, since h() calls are shorter than those of the automatic runtime.
export { h, Fragment } from "preact";
