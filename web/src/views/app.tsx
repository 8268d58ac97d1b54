// SPDX-License-Identifier: AGPL-3.0-or-later
// The frame of every page: head with the search box, the page itself, foot.
import { useEffect, useRef, useState } from "preact/hooks";
import { needsKey } from "../api/client";
import { link } from "../api/events";
import { may, session } from "../api/session";
import { useCell } from "../base/cell";
import { go, here } from "../base/router";
import { Announcer, Dialog, Icon, Message, Trouble, trouble } from "./bits";
import { AskView } from "./ask";
import { DocumentView } from "./document";
import { Lazy } from "./lazy";
import { DropRoom, Library, loadFormats } from "./library";
import { RunView } from "./run";
import { SearchView } from "./search";
import { Forbidden, SignIn, SignOut } from "./signin";

const DEBOUNCE_MS = 150;

function SearchBox() {
    const at = useCell(here);
    const input = useRef<HTMLInputElement>(null);
    const onSearch = at.path === "/search";
    const asked = onSearch ? (at.query.get("q") ?? "") : "";
    const [text, setText] = useState(asked);
    const timer = useRef(0);
    useEffect(() => {
        if (!at.keepFocus) { // a link, Back or Forward: the box follows the address
            clearTimeout(timer.current);
            setText(onSearch || at.path === "/" ? asked : (old) => old); // in a document the question stays at hand
        }
    }, [at.visit]);
    const search = (value: string, visible: boolean) => {
        clearTimeout(timer.current);
        const now = here.value;
        const query = new URLSearchParams(now.path === "/search" ? now.query : {});
        query.set("q", value.trim());
        if (value.trim() === "" && now.path !== "/search") {
            return;
        }
        go("/search?" + query, { replace: now.path === "/search" && !visible, keepFocus: true });
    };
    const type = (value: string) => {
        setText(value);
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => search(value, false), DEBOUNCE_MS);
    };
    return (
        <form class="search-box" role="search" onSubmit={(e) => { e.preventDefault(); search(text, false); }}>
            <Icon name="search" />
            <input ref={input} type="search" name="q" value={text} onInput={(e) => type(e.currentTarget.value)} autocomplete="off"
                autocapitalize="none" enterkeyhint="search" aria-label="Search all documents" placeholder="Search all documents" />
        </form>
    );
}

const LINK_WORDS = {
    connecting: "Connecting", live: "Live", polling: "Live, slowly", lost: "No connection. Trying again",
};

function Connection() {
    const state = useCell(link);
    return <p class={"connection " + state} role="status"><span class="dot" aria-hidden="true" /><span class="connection-words">{LINK_WORDS[state]}</span></p>;
}

/** The right that a page needs, by the beginning of its address; the library's, and that of unknown ones, is read. */
const RIGHTS: Record<string, string> = { search: "search", ask: "ask", runs: "ask", dashboard: "monitor", verify: "monitor", keys: "keys", audit: "audit" };

function Page() {
    const at = useCell(here);
    const now = useCell(session);
    const right = RIGHTS[at.path.split("/")[1]!] ?? "read";
    if (!now) {
        return <p role="status" />;
    }
    if (!may(right)) {
        return <Forbidden right={right} />;
    }
    const document = /^\/documents\/([^/]+)\/?$/.exec(at.path);
    if (at.path === "/" || /^\/documents\/?$/.test(at.path)) {
        return <Library />;
    }
    if (/^\/search\/?$/.test(at.path)) {
        return <SearchView query={at.query} />;
    }
    const asking = /^\/ask(?:\/([^/]+))?\/?$/.exec(at.path);
    if (asking) {
        return <AskView id={asking[1] ?? ""} visit={at.visit} />;
    }
    const run = /^\/runs\/([^/]+)\/?$/.exec(at.path);
    if (run) {
        return <RunView id={run[1]!} />;
    }
    const lazy = /^\/(dashboard|verify|keys|audit)\/?$/.exec(at.path);
    if (lazy) {
        return <Lazy key={lazy[1]} name={lazy[1]!} file={/^[ka]/.test(lazy[1]!) ? "access" : lazy[1]!} />;
    }
    if (document) {
        let id = document[1]!;
        try {
            id = decodeURIComponent(id);
        } catch {
            // a stray percent sign: the id as it is will not be found, and the page says so
        }
        return <DocumentView key={id} id={id} query={at.query} visit={at.visit} />;
    }
    return <Message title="There is no such page"><p>The address may be mistyped. <a href="/">Go to the library</a></p></Message>;
}

/** After a navigation the heading of the new page has the focus, so that keyboard and screen reader start there. */
function useArrival(): void {
    const at = useCell(here);
    const first = useRef(true);
    useEffect(() => {
        trouble.set("");
        const heading = document.querySelector<HTMLElement>("main h1");
        document.title = at.path === "/search" ? `${at.query.get("q") || "Search"} – Larder` :
            /^\/(documents\/|dashboard|verify|keys|audit)/.test(at.path) ? document.title : /^\/(ask|runs)/.test(at.path) ? "Ask – Larder" : "Library – Larder";
        if (!first.current && !at.keepFocus) {
            scrollTo(0, 0);
            heading?.focus({ preventScroll: true });
        }
        first.current = false;
    }, [at.visit]);
}

function Nav() {
    const { path } = useCell(here);
    useCell(session);
    const to = (href: string, words: string, right: string, extra = "") => may(right) &&
        <a class={"nav" + extra} href={href} aria-current={(href === "/" ? path === "/" : path.startsWith(href)) ? "page" : undefined}>{words} </a>;
    return (
        <nav aria-label="Main">
            {to("/", "Library", "read")}{to("/ask", "Ask", "ask")}{to("/dashboard", "Dashboard", "monitor")}{to("/keys", "Keys", "keys", " seldom")}{to("/audit", "Audit", "audit", " seldom")}
        </nav>
    );
}

export function App() {
    const locked = useCell(needsKey);
    const now = useCell(session);
    useArrival();
    useEffect(() => {
        if (!locked) {
            void loadFormats();
        }
    }, [locked]);
    if (locked) {
        return <><main id="main"><SignIn /></main><Announcer /></>;
    }
    return (
        <>
            <a class="skip" href="#main">Skip to the page</a>
            <header class="head">
                <div class="head-inner">
                    <a class="brand" href="/"><img src="/icon.svg" alt="" width="32" height="32" /> Larder</a>
                    {(!now || may("search")) && <SearchBox />}
                    <Nav />
                    {may("read") && <Connection />}
                </div>
            </header>
            <main id="main" tabIndex={-1}>
                <Trouble />
                <Page />
            </main>
            <footer class="foot">
                {(may("keys") || may("audit")) && <nav class="seldom-foot" aria-label="Administration">{may("keys") && <a href="/keys">Keys</a>} {may("audit") && <a href="/audit">Audit log</a>}</nav>}
                <SignOut />
            </footer>
            {may("write") && <DropRoom />}
            <Dialog />
            <Announcer />
        </>
    );
}
