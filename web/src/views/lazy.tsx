// SPDX-License-Identifier: AGPL-3.0-or-later
// A page that comes with a script and a style sheet of its own, fetched on the first visit.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { here } from "../base/router";
import { Message } from "./bits";

const pages: Record<string, ComponentType> = ((globalThis as any).larderPages = {});

export function Lazy({ name, file }: { name: string; file: string }) {
    const [state, setState] = useState("");
    const Page = pages[name];
    useEffect(() => {
        if (pages[name]) {
            return;
        }
        const style = document.createElement("link");
        style.rel = "stylesheet";
        style.href = `/${file}.css`;
        const script = document.createElement("script");
        script.src = `/${file}.js`;
        script.onload = () => setState("here");
        script.onerror = () => setState("failed");
        document.head.append(style, script);
    }, [name]);
    useEffect(() => {
        const { visit, keepFocus } = here.value;
        if (state === "here" && visit > 0 && !keepFocus) { // at the navigation there was no heading to focus yet
            document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
        }
    }, [state]);
    return Page ? <Page /> : state === "failed" ? <Message title="This page could not be loaded"><p>Load it again.</p></Message> : <p role="status" />;
}
