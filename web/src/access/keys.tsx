// SPDX-License-Identifier: AGPL-3.0-or-later
// Keys: who has one, for what, until when; making, rotating and revoking them. The text of a key comes from the server once; it
// is held in this page's memory until somebody says that it is written down, or leaves.
import { announce, api, attempt, confirmFirst, Failed, sentence, useCell, session, when } from "larder-app";
import { useEffect, useRef, useState } from "preact/hooks";

interface Key {
    id: string;
    name: string;
    role: string;
    scopes: string[];
    partitions: string[];
    created_at: string;
    created_by: string;
    expires_at: string | null;
    expired: boolean;
    last_used_at: string | null;
    last_used_from: string | null;
}
interface Shown {
    name: string;
    text: string;
    old: string; // what becomes of the text before; "" for a new key
}

const ROLES: [string, string][] = [["viewer", "Viewer: read, search, ask"], ["contributor", "Contributor: and add documents"],
    ["manager", "Manager: and delete, release, see the dashboard"], ["admin", "Admin: and keys, audit log"]];
const EXPIRY: [string, string][] = [["", "Never"], ["30", "In 30 days"], ["90", "In 90 days"], ["365", "In a year"]];
const DAY_MS = 86400000;

function NewText({ shown, done }: { shown: Shown; done: () => void }) {
    const heading = useRef<HTMLHeadingElement>(null);
    const field = useRef<HTMLInputElement>(null);
    useEffect(() => heading.current?.focus(), []);
    const copy = async () => {
        field.current?.select();
        await navigator.clipboard.writeText(shown.text).then(() => announce("Copied"), () => announce("Press the keys for copying now"));
    };
    return (
        <section class="new-key" aria-labelledby="new-key">
            <h2 id="new-key" ref={heading} tabIndex={-1}>The key “{shown.name}”</h2>
            <p>It is shown only now. Hand it to the one who needs it, or keep it in a safe place.{shown.old}</p>
            <input ref={field} readOnly value={shown.text} aria-label="Text of the key" spellcheck={false} onFocus={(e) => e.currentTarget.select()} data-testid="key-text" />
            <p class="buttons"><button class="primary" onClick={() => void copy()}>Copy</button><button onClick={done}>I have it</button></p>
        </section>
    );
}

function NewKey({ made }: { made: (shown: Shown) => void }) {
    const form = useRef<HTMLFormElement>(null);
    const [error, setError] = useState("");
    const [busy, setBusy] = useState(false);
    const submit = async (event: Event) => {
        event.preventDefault();
        const of = (name: string) => (form.current!.elements.namedItem(name) as HTMLInputElement).value.trim();
        if (busy) {
            return;
        }
        if (of("name") === "") {
            setError("Give the key a name that says whose it is, or what for.");
            (form.current!.elements.namedItem("name") as HTMLInputElement).focus();
            return;
        }
        setBusy(true);
        setError("");
        const partitions = of("partitions").split(/[\s,]+/).filter((p) => p !== "");
        try {
            const answer = await api<{ key: string }>("POST", "/v1/keys", { body: { name: of("name"), role: of("role"),
                ...(of("expiry") ? { expires_in_days: Number(of("expiry")) } : {}), ...(partitions.length ? { partitions } : {}) } });
            made({ name: of("name"), text: answer.key, old: "" });
            form.current!.reset();
        } catch (problem) {
            setError(sentence(problem));
        }
        setBusy(false);
    };
    const select = (name: string, label: string, options: [string, string][]) =>
        <label>{label}<select name={name}>{options.map(([key, words]) => <option key={key} value={key}>{words}</option>)}</select></label>;
    return (
        <details class="details make-key">
            <summary>Make a key</summary>
            <form ref={form} onSubmit={submit} noValidate>
                <label>Name<input name="name" maxLength={100} autocomplete="off" placeholder="Tablet in the kitchen" aria-describedby="key-problem" aria-invalid={error !== ""} /></label>
                {select("role", "Role", ROLES)}
                {select("expiry", "Ends", EXPIRY)}
                <label>Only these partitions (empty: all)<input name="partitions" autocomplete="off" autocapitalize="none" spellcheck={false} placeholder="kitchen, bar" /></label>
                <p id="key-problem" class="field-error" role="alert">{error}</p>
                <button class="primary" aria-disabled={busy}>Make the key</button>
            </form>
        </details>
    );
}

const mayWhat = (k: Key) => k.role + (k.scopes.length ? `, only ${k.scopes.join(", ")}` : "");

function Ends({ at, expired }: { at: string | null; expired: boolean }) {
    const soon = at !== null && !expired && Date.parse(at) - Date.now() < 14 * DAY_MS;
    return <>{at === null ? "never" : expired ? <b class="bad-word">has ended</b> : <span class={soon ? "warn-word" : ""}>{new Date(at).toLocaleDateString([], { dateStyle: "medium" })}</span>}</>;
}

function Row({ k, own, acts }: { k: Key; own: boolean; acts: { rotate: () => void; revoke: () => void } }) {
    return (
        <tr>
            <th scope="row">{k.name}{own && <span class="soft"> (yours)</span>}<span class="soft key-id">{k.id}</span></th>
            <td>{mayWhat(k)}{k.partitions.length > 0 && <span class="soft"> in {k.partitions.join(", ")}</span>}</td>
            <td><Ends at={k.expires_at} expired={k.expired} /></td>
            <td>{k.last_used_at ? <>{when(k.last_used_at)}{k.last_used_from && <span class="soft"> from {k.last_used_from}</span>}</> : "never"}</td>
            <td class="key-acts">
                {!k.expired && <button onClick={acts.rotate} aria-label={`Rotate the key ${k.name}`}>Rotate</button>}
                <button class="danger" onClick={acts.revoke} aria-label={`Revoke the key ${k.name}`}>Revoke</button>
            </td>
        </tr>
    );
}

export function Keys() {
    const [keys, setKeys] = useState<Key[] | null>(null);
    const [error, setError] = useState("");
    const [shown, setShown] = useState<Shown | null>(null);
    const me = useCell(session);
    const asked = useRef(0);
    const load = () => {
        const mine = ++asked.current; // an earlier answer does not know of what was done since
        setError("");
        api<{ keys: Key[] }>("GET", "/v1/keys").then((r) => mine === asked.current && setKeys(r.keys), (problem) => mine === asked.current && setError(sentence(problem)));
    };
    useEffect(() => {
        document.title = "Keys – Larder";
        load();
    }, []);
    const show = (next: Shown) => {
        setShown(next);
        load();
    };
    const rotate = (k: Key) => confirmFirst({ title: `Give “${k.name}” a new text?`, yes: "Rotate",
        text: "The text that is used now works for one more day, so that it can be replaced where it is used. Who is signed in with it is signed out.",
        run: () => void attempt(`“${k.name}” was not rotated.`, async () => show({ name: k.name, text: (await api<{ key: string }>("POST", `/v1/keys/${k.id}/rotate`)).key,
            old: " The old text works for one more day." })) });
    const revoke = (k: Key) => confirmFirst({ title: `Revoke “${k.name}”?`, yes: "Revoke",
        text: "It ends at once, and who is signed in with it is signed out. This cannot be undone.",
        run: () => void attempt(`“${k.name}” was not revoked.`, async () => {
            await api("DELETE", `/v1/keys/${k.id}`);
            announce(`${k.name} was revoked.`);
            load();
        }) });
    return (
        <section class="sheet access">
            <header class="sheet-head"><h1 tabIndex={-1}>Keys</h1><p class="folio">{keys && (keys.length === 1 ? "1 key" : `${keys.length} keys`)}</p></header>
            {shown && <NewText key={shown.text} shown={shown} done={() => setShown(null)} />}
            <NewKey made={show} />
            {error && <Failed text={error} again={load} />}
            {keys && keys.length === 0 && <div class="empty"><h2>There are no keys yet</h2><p>You are signed in with the admin key of the first start. Make a key for each person and device; so each can be ended by itself, and the audit log says who did what.</p></div>}
            {keys && keys.length > 0 && (
                <div class="table-room"><table class="keys">
                    <thead><tr><th scope="col">Name</th><th scope="col">May</th><th scope="col">Ends</th><th scope="col">Last used</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
                    <tbody>{keys.map((k) => <Row key={k.id} k={k} own={me?.who === "key:" + k.id} acts={{ rotate: () => rotate(k), revoke: () => revoke(k) }} />)}</tbody>
                </table></div>
            )}
        </section>
    );
}
