// SPDX-License-Identifier: AGPL-3.0-or-later
// What the checks found: each with its layer, one sentence, the place and what to do next.
import type { Finding } from "../api/types";
import { placeWords } from "../base/place";
import { capital, layerWords } from "../base/words";
import { Icon } from "./bits";

const SEVERITY = { info: "Note", warning: "Warning", quarantine: "Held", reject: "Refused" };
const ICON = { info: "info", warning: "warning", quarantine: "warning", reject: "stop" } as const;
const ORDER = ["reject", "quarantine", "warning", "info"];

export function Findings({ list }: { list: Finding[] }) {
    const sorted = [...list].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
    return (
        <ul class="findings">
            {sorted.map((f, i) => {
                const place = placeWords(f.place);
                return (
                    <li key={f.code + i} class={"finding " + f.severity} data-code={f.code}>
                        <Icon name={ICON[f.severity] ?? "info"} />
                        <div>
                            <p class="finding-head">{SEVERITY[f.severity] ?? f.severity} <span>{layerWords(f.layer)}</span></p>
                            <p class="finding-text">{f.message}{place && <span class="place"> ({place})</span>}</p>
                            {f.advice && <p class="finding-advice"><b>What to do:</b> {capital(f.advice)}</p>}
                        </div>
                    </li>
                );
            })}
        </ul>
    );
}
