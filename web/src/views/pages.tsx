// SPDX-License-Identifier: AGPL-3.0-or-later
// The pages of a PDF as pictures, loaded when they come near the window, with the boxes of the passage drawn on top.
import { useEffect, useRef, useState } from "preact/hooks";
import { documentPath } from "../api/client";
import type { Doc } from "../api/types";
import { listen } from "../base/cell";
import type { Place } from "../base/place";
import { Failed, Icon } from "./bits";
import type { Passage } from "./document";

const WIDTHS = [1000, 1400, 2000, 2400]; // few, so that the server renders each page only a few times
const PAPER = 1 / 1.294; // width by height until a page is known: Letter
const ATTEMPTS_MAX = 3; // a busy server

function imageWidth(cssWidth: number): number {
    const needed = cssWidth * Math.min(2, devicePixelRatio || 1) * 0.95;
    return WIDTHS.find((w) => w >= needed) ?? 2400;
}

interface PageProps {
    doc: Doc;
    number: number;
    width: number;
    ratio: number;
    places: Place[];
    best: Place | undefined;
    onRatio: (ratio: number) => void;
}

function boxesOf(places: Place[]): number[][] {
    return places.map((p) => p.box).filter((b) => b !== undefined);
}

function PageImage({ doc, number, width, ratio, places, best, onRatio }: PageProps) {
    const [attempt, setAttempt] = useState(0);
    const [own, setOwn] = useState(0);
    const boxes = boxesOf(places);
    const loaded = (event: Event) => {
        const { naturalWidth, naturalHeight } = event.currentTarget as HTMLImageElement;
        if (naturalWidth > 0 && naturalHeight > 0) {
            setOwn(naturalWidth / naturalHeight);
            onRatio(naturalWidth / naturalHeight);
        }
    };
    const failed = () => setTimeout(() => setAttempt((n) => n + 1), 1000 * 2 ** attempt);
    const src = `${documentPath(doc.id)}/pages/${number}?width=${width}` + (attempt > 0 ? `&attempt=${attempt}` : "");
    return (
        <figure class={"page" + (places.length > 0 && boxes.length === 0 ? " whole" : "")} data-page={number} style={{ aspectRatio: String(own || ratio) }}>
            {attempt > ATTEMPTS_MAX ? <Failed text={`Page ${number} cannot be shown.`} again={() => setAttempt(1)} /> :
                <img src={src} alt={`Page ${number} of ${doc.name}`} loading="lazy" onLoad={loaded} onError={failed} />}
            {boxes.map(([x0, y0, x1, y1], i) => (
                <div key={i} class={boxes[i] === best?.box ? "box best" : "box"} aria-hidden="true"
                    style={{ left: `${x0! * 100}%`, top: `${y0! * 100}%`, width: `${(x1! - x0!) * 100}%`, height: `${(y1! - y0!) * 100}%` }} />
            ))}
            <figcaption>{places.length > 0 && <span class="hidden">The passage is on this page. </span>}{number}</figcaption>
        </figure>
    );
}

export function PagesView({ doc, pages, passage, visit }: { doc: Doc; pages: number; passage: Passage; visit: number }) {
    const room = useRef<HTMLDivElement>(null);
    const tools = useRef<HTMLElement>(null);
    const [width, setWidth] = useState(0);
    const [ratio, setRatio] = useState(0);
    const [current, setCurrent] = useState(1);
    const [typed, setTyped] = useState<string | null>(null);
    const settled = useRef(false); // the person scrolls

    const places = (page: number) => passage.places.filter((p) => p.page === page);
    const best = passage.places.find((p) => p.page && p.page <= pages);
    const first = best?.page ?? Infinity;

    useEffect(() => {
        const resized = new ResizeObserver(() => setWidth(room.current?.clientWidth ?? 0));
        resized.observe(room.current!);
        const end = listen(window, { scroll: () => {
            const page = document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest<HTMLElement>("[data-page]");
            if (page) {
                setCurrent(Number(page.dataset.page));
            }
        } });
        return () => {
            resized.disconnect();
            end();
        };
    }, []);

    const show = (number: number) => {
        const page = room.current?.querySelector(`[data-page="${number}"]`);
        if (page) {
            const rect = page.getBoundingClientRect();
            const top = number === first ? (best?.box?.[1] ?? 0) * rect.height : 0;
            const head = tools.current!.offsetHeight + 12;
            const lead = Math.min(top, (innerHeight - head) * 0.25); // some lines before the passage
            scrollTo({ top: scrollY + rect.top + top - lead - head, behavior: "instant" });
            setCurrent(number);
        }
    };

    useEffect(() => {
        settled.current = false;
        const stop = () => {
            settled.current = true;
        };
        return listen(window, { wheel: stop, touchmove: stop, keydown: stop, pointerdown: stop });
    }, [visit]);
    // To the passage once the layout is there, and again when the true shape of the pages is known.
    useEffect(() => {
        if (first < Infinity && width > 0 && !settled.current) {
            show(first);
        }
    }, [first, width, ratio, visit]);

    const jump = (number: number) => {
        settled.current = true;
        show(Math.min(pages, Math.max(1, number)));
    };
    const submit = (event: Event) => {
        event.preventDefault();
        jump(parseInt(typed ?? "", 10) || current);
        setTyped(null);
    };
    return (
        <div class="viewer">
            <nav class="tools" aria-label="Pages" ref={tools}>
                <button class="square" aria-label="Previous page" aria-disabled={current <= 1} onClick={() => jump(current - 1)}><Icon name="back" /></button>
                <form onSubmit={submit}>
                    <label>Page <input inputMode="numeric" size={4} value={typed ?? current} onFocus={(e) => e.currentTarget.select()}
                        onInput={(e) => setTyped(e.currentTarget.value)} onBlur={() => setTyped(null)} /></label>
                    <span>of {pages}</span>
                </form>
                <button class="square" aria-label="Next page" aria-disabled={current >= pages} onClick={() => jump(current + 1)}><Icon name="next" /></button>
                {first < Infinity && <button onClick={() => jump(first)}><span class="swatch" />Passage</button>}
            </nav>
            <div class="pages" ref={room}>
                {width > 0 && Array.from({ length: pages }, (_, i) => (
                    <PageImage key={i} doc={doc} number={i + 1} width={imageWidth(width)} ratio={ratio || PAPER} places={places(i + 1)} best={best}
                        onRatio={(r) => setRatio((old) => old || r)} />
                ))}
            </div>
        </div>
    );
}
