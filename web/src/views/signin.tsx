// SPDX-License-Identifier: AGPL-3.0-or-later
// Signing in with an access key. The key goes to the server once; from then on an HttpOnly cookie stands for it, so that
// no script of this page could give it away.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, needsKey, Problem, sentence } from "../api/client";
import { startLibrary } from "../api/library";

const FLAG = "larder-signed-in"; // only that there is something to sign out of

export function SignIn() {
    const [error, setError] = useState("");
    const [busy, setBusy] = useState(false);
    const input = useRef<HTMLInputElement>(null);
    useEffect(() => {
        document.title = "Sign in – Larder";
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
            sessionStorage.setItem(FLAG, "1");
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
            <form onSubmit={submit} noValidate>
                <label for="key">Access key</label>
                <input ref={input} id="key" name="key" type="password" autocomplete="current-password" autocapitalize="none" spellcheck={false}
                    aria-invalid={error !== ""} aria-describedby="key-help key-error" />
                <p id="key-error" class="field-error" role="alert">{error}</p>
                <button type="submit" class="primary" aria-disabled={busy}>Sign in</button>
                <p id="key-help" class="soft">Your manager or the person who runs Larder gives you the key.</p>
            </form>
        </section>
    );
}

export function SignOut() {
    const [out, setOut] = useState(false);
    if (out || !sessionStorage.getItem(FLAG)) {
        return null;
    }
    const leave = async () => {
        setOut(true);
        try {
            await api("DELETE", "/v1/session", { quiet: true });
        } catch {
            // the server ends a session by itself after a while; here it is over either way
        }
        sessionStorage.removeItem(FLAG);
        location.assign("/");
    };
    return <button class="link" onClick={() => void leave()}>Sign out</button>;
}
