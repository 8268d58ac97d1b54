// SPDX-License-Identifier: AGPL-3.0-or-later
// Who is signed in, and what that key may do. Views hide what it may not; the server refuses it in any case.
import { Cell } from "../base/cell";
import { api, type Problem } from "./client";

export interface Session {
    who: string;
    name: string;
    role: string;
    rights: string[];
}

const RIGHTS = ["read", "search", "ask", "write", "manage", "monitor", "keys", "audit", "admin"];

const AGAIN_MS = 3000;

/** null: not asked yet, or nobody is signed in. */
export const session = new Cell<Session | null>(null);

export async function loadSession(): Promise<void> {
    try {
        session.set(await api<Session>("GET", "/v1/session"));
    } catch (error) {
        // Without an answer everything is shown, each call then says what is wrong, and the question is put again.
        const refused = (error as Problem).status === 401;
        session.set(refused ? null : { who: "", name: "", role: "", rights: RIGHTS });
        if (!refused) {
            setTimeout(() => session.value?.who === "" && void loadSession(), AGAIN_MS);
        }
    }
}

export const may = (right: string) => session.value?.rights.includes(right) === true;
