// SPDX-License-Identifier: AGPL-3.0-or-later
// The audit log: what was done and refused, with filters, and the check of its chain of hashes.
import { announce, api, Failed, sentence, WorkButton } from "larder-app";
import { useEffect, useRef, useState } from "preact/hooks";

interface Row {
    seq: number;
    time: string;
    who: string;
    act: string;
    subject: string;
    outcome: string;
    status: number;
    address: string;
    detail: string;
    request_id: string;
    hash: string;
}
interface Verdict {
    holds: boolean;
    rows: number;
    bad_seq?: number;
    why?: string;
    head: number;
    head_hash: string;
}

const PAGE = 100;
const TYPING_MS = 300;
const OUTCOMES: [string, string][] = [["", "All"], ["done", "Done"], ["refused", "Refused"], ["failed", "Failed"]];
const ACTS = ["createDocument", "deleteDocument", "releaseDocument", "rereadDocument", "createKey", "rotateKey", "revokeKey", "createSession", "ask"];

/** "createDocument" as "Create document". */
const words = (act: string) => (act.includes(" ") ? act : act.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().replace(/^./, (c) => c.toUpperCase()));

function Chain() {
    const [verdict, setVerdict] = useState<Verdict | null>(null);
    const [error, setError] = useState("");
    const verify = async () => {
        setError("");
        try {
            const found = await api<Verdict>("GET", "/v1/audit/verify");
            setVerdict(found);
            announce(found.holds ? "The chain holds." : `The chain is broken at row ${found.bad_seq}.`);
        } catch (problem) {
            setError(sentence(problem));
        }
    };
    return (
        <div class={"chain " + (verdict ? (verdict.holds ? "holds" : "broken") : "")}>
            <WorkButton run={verify}>Check that nothing was changed</WorkButton>
            {error && <p class="field-error" role="alert">{error}</p>}
            {verdict?.holds && <p data-testid="verdict">All {verdict.rows.toLocaleString("en")} rows hold. The last is number {verdict.head}, with the hash <code>{verdict.head_hash}</code>.</p>}
            {verdict && !verdict.holds && <p data-testid="verdict"><b>The log was changed at row {verdict.bad_seq}.</b> {verdict.why} What stands before it holds. Compare with a backup, and find out who had access to the server.</p>}
        </div>
    );
}

function Entry({ row }: { row: Row }) {
    return (
        <tr class={row.outcome}>
            <td class="nowrap"><time datetime={row.time} title={`Row ${row.seq}, hash ${row.hash}`}>{new Date(row.time).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" })}</time></td>
            <td>{row.who}{row.address && <span class="soft"> {row.address}</span>}</td>
            <td>{words(row.act)}</td>
            <td class="subject">{row.subject}{row.detail && <span class="soft"> {row.detail}</span>}</td>
            <td class="outcome">{row.outcome}{row.status >= 400 && ` (${row.status})`}</td>
        </tr>
    );
}

export function Audit() {
    const [filter, setFilter] = useState({ who: "", act: "", outcome: "" });
    const [rows, setRows] = useState<Row[] | null>(null);
    const [more, setMore] = useState(false);
    const [error, setError] = useState("");
    const asked = useRef(0);
    const load = async (before: number) => {
        const mine = ++asked.current;
        const query = new URLSearchParams({ limit: String(PAGE), ...(before ? { before: String(before) } : {}) });
        Object.entries(filter).forEach(([name, value]) => value.trim() && query.set(name, value.trim()));
        try {
            const page = (await api<{ rows: Row[] }>("GET", "/v1/audit?" + query)).rows;
            if (mine === asked.current) {
                setRows((old) => (before ? [...(old ?? []), ...page] : page));
                setMore(page.length === PAGE);
                setError("");
            }
        } catch (problem) {
            if (mine === asked.current) {
                setError(sentence(problem));
            }
        }
    };
    useEffect(() => { document.title = "Audit log – Larder"; }, []);
    useEffect(() => {
        const timer = setTimeout(() => void load(0), rows ? TYPING_MS : 0);
        return () => clearTimeout(timer);
    }, [filter]);
    const set = (name: string) => (e: { currentTarget: { value: string } }) => setFilter({ ...filter, [name]: e.currentTarget.value });
    const filtered = (filter.who + filter.act + filter.outcome).trim() !== "";
    return (
        <section class="sheet access">
            <header class="sheet-head"><h1 tabIndex={-1}>Audit log</h1><p class="folio">Newest first</p></header>
            <Chain />
            <form class="filters" aria-label="Limit the log" onSubmit={(e) => e.preventDefault()}>
                <label>Who<input type="search" value={filter.who} onInput={set("who")} placeholder="admin, key:…, nobody" autocapitalize="none" /></label>
                <label>What<input type="search" value={filter.act} onInput={set("act")} list="acts" placeholder="ask" autocapitalize="none" /></label>
                <datalist id="acts">{ACTS.map((a) => <option key={a} value={a}>{words(a)}</option>)}</datalist>
                <label>Outcome<select value={filter.outcome} onChange={set("outcome")}>{OUTCOMES.map(([key, said]) => <option key={key} value={key}>{said}</option>)}</select></label>
            </form>
            {error && <Failed text={error} again={() => void load(0)} />}
            {rows && rows.length === 0 && <div class="empty"><h2>{filtered ? "No row fits" : "Nothing was done yet"}</h2>{filtered && <button onClick={() => setFilter({ who: "", act: "", outcome: "" })}>Show all rows</button>}</div>}
            {rows && rows.length > 0 && (
                <div class="table-room"><table class="audit">
                    <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">Did</th><th scope="col">On</th><th scope="col">Outcome</th></tr></thead>
                    <tbody>{rows.map((row) => <Entry key={row.seq} row={row} />)}</tbody>
                </table></div>
            )}
            {more && <div class="after-rows"><button onClick={() => void load(rows![rows!.length - 1]!.seq)}>Show more</button></div>}
        </section>
    );
}
