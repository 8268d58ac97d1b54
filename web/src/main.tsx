// SPDX-License-Identifier: AGPL-3.0-or-later
// Starts the web app.
import { render } from "preact";
import { startLibrary } from "./api/library";
import { startRouter } from "./base/router";
import { App } from "./views/app";

startRouter();
void startLibrary();
render(<App />, document.getElementById("app")!);
