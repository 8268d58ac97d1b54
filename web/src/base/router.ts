// SPDX-License-Identifier: AGPL-3.0-or-later
// History routing: the address bar is the only place where the current page is kept.
import { Cell } from "./cell";

export interface Location {
    path: string;
    query: URLSearchParams;
    /** Counts navigations, so that a view can tell a new visit from a redraw. */
    visit: number;
    /** The focus stays where it is (typing into the search box). */
    keepFocus: boolean;
}

function read(visit: number, keepFocus: boolean): Location {
    return { path: location.pathname, query: new URLSearchParams(location.search), visit, keepFocus };
}

export const here = new Cell<Location>(read(0, true));

export function go(to: string, options: { replace?: boolean; keepFocus?: boolean } = {}): void {
    if (to !== location.pathname + location.search) {
        if (options.replace) {
            history.replaceState(null, "", to);
        } else {
            history.pushState(null, "", to);
        }
    }
    here.set(read(here.value.visit + 1, options.keepFocus === true));
}

/** Follows links inside the app without loading the page again. */
export function startRouter(): void {
    addEventListener("popstate", () => here.set(read(here.value.visit + 1, false)));
    document.addEventListener("click", (event) => {
        const link = event.target instanceof Element ? event.target.closest("a") : null;
        const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
        if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) {
            return;
        }
        const url = new URL(link.href);
        if (url.origin !== location.origin || url.pathname.startsWith("/v1/") || link.getAttribute("href")?.startsWith("#")) {
            return;
        }
        event.preventDefault();
        go(url.pathname + url.search);
    });
}
