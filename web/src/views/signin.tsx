// SPDX-License-Identifier: AGPL-3.0-or-later
// Signing in with an access key or, where one is set up, at a provider (the server does all of that). The key goes to the
// server once; from then on an HttpOnly cookie stands for it, so that no script of this page could give it away.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, needsKey, Problem, sentence } from "../api/client";
import { startLibrary } from "../api/library";
import { loadSession, session } from "../api/session";
import { useCell } from "../base/cell";

type Methods = { key: boolean; oidc?: { label: string; url: string } };

export function SignIn() {
    const [error, setError] = useState("");
    const [busy, setBusy] = useState(false);
    const input = useRef<HTMLInputElement>(null);
    const [provider, setProvider] = useState<{ label: string; url: string } | null>(null);
    useEffect(() => {
        document.title = "Sign in – Larder";
        api<Methods>("GET", "/v1/session/methods", { quiet: true }).then((found) => setProvider(found.oidc ?? null), () => undefined);
        input.current?.focus();
    }, []);
    const submit = async (event: Event) => {
        event.preventDefault();
        const key = input.current?.value.trim() ?? "";
        if (key === "" || busy) {
            setError(key === "" ? "Type or paste your access key." : error);
            return;
        }
        setBusy(true);
        setError("");
        try {
            await api("POST", "/v1/session", { body: { key }, quiet: true });
            await loadSession();
            needsKey.set(false);
            void startLibrary();
        } catch (problem) {
            setBusy(false);
            setError(problem instanceof Problem && problem.status === 401 ? "This key is not known. Check that it is complete." : sentence(problem));
            input.current?.focus();
        }
    };
    return (
        <section class="sheet sign-in">
            <img src="/icon.svg" alt="" width="48" height="48" />
            <h1 tabIndex={-1}>Sign in to Larder</h1>
            {provider && <p class="sign-in-provider"><a class="button primary" href={provider.url}>{provider.label}</a><span class="soft">or with a key:</span></p>}
            <form onSubmit={submit} noValidate>
                <label for="key">Access key</label>
                <input ref={input} id="key" name="key" type="password" autocomplete="current-password" autocapitalize="none" spellcheck={false}
                    aria-invalid={error !== ""} aria-describedby="key-help key-error" />
                <p id="key-error" class="field-error" role="alert">{error}</p>
                <button type="submit" class={provider ? "" : "primary"} aria-disabled={busy}>Sign in</button>
                <p id="key-help" class="soft">Your manager or the person who runs Larder gives you the key.</p>
            </form>
        </section>
    );
}

/** By a cookie; who needs none (this machine, if it is open) can't sign out. */
const signedIn = (who: string) => who === "admin" || who.startsWith("key:") || who.startsWith("oidc:");

export async function signOut(): Promise<void> {
    try {
        await api("DELETE", "/v1/session", { quiet: true });
    } catch {
        // the server ends a session by itself after a while; here it is over either way
    }
    location.assign("/");
}

export function SignOut() {
    const now = useCell(session);
    if (!now || !signedIn(now.who)) {
        return null;
    }
    return <p class="soft">Signed in as {now.name || now.who} ({now.role}) <button class="link" onClick={() => void signOut()}>Sign out</button></p>;
}

const NEEDS: Record<string, string> = {
    read: "to read documents", search: "to search", ask: "to ask the assistant", monitor: "to see how the server is",
    keys: "to administer keys", audit: "to read the audit log",
};

/** In place of a page whose address somebody opened without the right to it. */
export function Forbidden({ right }: { right: string }) {
    const now = session.value;
    return (
        <section class="sheet message">
            <h1 tabIndex={-1}>This page is not open to you</h1>
            <p>It needs the right {NEEDS[right] ?? right}. Your key{now?.name && ` “${now.name}”`} has the role {now?.role || "of nobody"}, or was narrowed to less. Ask the person who runs Larder, or sign in with another key.</p>
            <p class="buttons">
                {right !== "read" && <a class="button" href="/">Go to the library</a>}
                {right === "read" && now?.rights.includes("monitor") && <a class="button" href="/dashboard">Go to the dashboard</a>}
                <button onClick={() => void signOut()}>Sign in with another key</button>
            </p>
        </section>
    );
}
