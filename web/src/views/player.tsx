// SPDX-License-Identifier: AGPL-3.0-or-later
// A recording with its transcript: the player stays in sight, a time in the margin plays from there, and a passage opens at
// its second.
import { useEffect, useRef } from "preact/hooks";
import { documentPath } from "../api/client";
import type { Doc } from "../api/types";
import { ElementsView } from "./elements";
import type { Passage } from "./document";

export function isRecording(doc: Doc): boolean {
    return doc.category === "audio" || doc.category === "video";
}

export function PlayerView({ doc, passage, visit }: { doc: Doc; passage: Passage; visit: number }) {
    const player = useRef<HTMLMediaElement>(null);
    const second = passage.places.find((p) => p.time)?.time?.[0];
    const src = documentPath(doc.id) + "/original";
    const seek = (to: number, play: boolean) => {
        const media = player.current;
        if (!media) {
            return;
        }
        const jump = () => {
            media.currentTime = to;
            if (play) {
                media.play().catch(() => undefined); // a browser may want another click first
            }
        };
        if (media.readyState >= HTMLMediaElement.HAVE_METADATA) {
            jump();
        } else {
            media.addEventListener("loadedmetadata", jump, { once: true });
            media.load();
        }
    };
    useEffect(() => {
        if (second !== undefined) {
            seek(second, false);
        }
    }, [doc.id, visit, second]);
    return (
        <>
            <div class="player">
                {doc.category === "video" ?
                    <video ref={player as never} src={src} poster={documentPath(doc.id) + "/images/poster"} controls preload="metadata" aria-label={doc.name}
                        style={doc.media?.width && doc.media.height ? { aspectRatio: `${doc.media.width} / ${doc.media.height}` } : undefined} /> :
                    <audio ref={player as never} src={src} controls preload="metadata" aria-label={doc.name} />}
            </div>
            <ElementsView doc={doc} passage={passage} visit={visit} onTime={(to) => seek(to, true)} />
        </>
    );
}
