// SPDX-License-Identifier: AGPL-3.0-or-later
// A page that comes with a script and a style sheet of its own, fetched on the first visit.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
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
    return Page ? <Page /> : state === "failed" ? <Message title="This page could not be loaded"><p>Load it again.</p></Message> : <p role="status" />;
}
