// SPDX-License-Identifier: AGPL-3.0-or-later
// Starts the web app.
import { render } from "preact";
import { startLibrary } from "./api/library";
import { loadSession } from "./api/session";
import { startRouter } from "./base/router";
import * as shared from "./base/shared";
import { App } from "./views/app";

(globalThis as any).larder = shared;
startRouter();
void loadSession().then(startLibrary);
render(<App />, document.getElementById("app")!);
