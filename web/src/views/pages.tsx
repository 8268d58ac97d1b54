// SPDX-License-Identifier: AGPL-3.0-or-later
// The pages of a PDF, or a picture (of an animation: its first frame and those of the passage), loaded when they come near
// the window, with the boxes of the passage drawn on top.
import { useEffect, useRef, useState } from "preact/hooks";
import { documentPath } from "../api/client";
import { isPicture, pageCount, type Doc } from "../api/types";
import { listen } from "../base/cell";
import type { Place } from "../base/place";
import { Failed, Icon } from "./bits";
import type { Passage } from "./document";

const WIDTHS = [1000, 1400, 2000, 2400]; // few, so that the server renders each page only a few times
const PAPER = 1 / 1.294; // width by height until a page is known: Letter
const ATTEMPTS_MAX = 3; // a busy server
const SMALLEST = 320; // pixels: a tiny picture is shown this wide

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

/** The number of the page or frame that a place is on; a picture has one. */
function shotOf(doc: Doc, place: Place): number | undefined {
    return isPicture(doc) ? (place.frame ?? 1) : place.page;
}

/** What is shown: all pages, or the frames that matter. */
export function shotsOf(doc: Doc, places: Place[]): number[] {
    if (!isPicture(doc)) {
        return Array.from({ length: pageCount(doc) }, (_, i) => i + 1);
    }
    return [...new Set([1, ...places.map((p) => p.frame ?? 1)])].sort((a, b) => a - b);
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
    const name = isPicture(doc) ? (doc.media?.frames === 1 ? "Picture" : `Frame ${number}`) : `Page ${number}`;
    const natural = isPicture(doc) ? Number(doc.media?.width) || 0 : 0; // a small picture is not blown up
    const src = `${documentPath(doc.id)}/pages/${number}?width=${width}` + (attempt > 0 ? `&attempt=${attempt}` : "");
    return (
        <figure class={"page" + (places.length > 0 && boxes.length === 0 ? " whole" : "")} data-page={number} style={{ aspectRatio: String(own || ratio), ...(natural > 0 ? { maxWidth: `${Math.max(natural, SMALLEST)}px` } : {}) }}>
            {attempt > ATTEMPTS_MAX ? <Failed text={`${name} cannot be shown.`} again={() => setAttempt(1)} /> :
                <img src={src} alt={`${name} of ${doc.name}`} loading="lazy" onLoad={loaded} onError={failed} />}
            {boxes.map(([x0, y0, x1, y1], i) => (
                <div key={i} class={(boxes[i] === best?.box ? "box best" : "box") + (isPicture(doc) ? " on-picture" : "")} aria-hidden="true"
                    style={{ left: `${x0! * 100}%`, top: `${y0! * 100}%`, width: `${(x1! - x0!) * 100}%`, height: `${(y1! - y0!) * 100}%` }} />
            ))}
            <figcaption>{places.length > 0 && <span class="hidden">The passage is on this page. </span>}{isPicture(doc) ? (doc.media?.frames === 1 ? "" : name) : number}</figcaption>
        </figure>
    );
}

export function PagesView({ doc, shots, passage, visit }: { doc: Doc; shots: number[]; passage: Passage; visit: number }) {
    const pages = shots[shots.length - 1] ?? 1;
    const room = useRef<HTMLDivElement>(null);
    const tools = useRef<HTMLElement>(null);
    const [width, setWidth] = useState(0);
    const [ratio, setRatio] = useState(0);
    const [current, setCurrent] = useState(1);
    const [typed, setTyped] = useState<string | null>(null);
    const settled = useRef(false); // the person scrolls

    const places = (page: number) => passage.places.filter((p) => shotOf(doc, p) === page);
    const best = passage.places.find((p) => shots.includes(shotOf(doc, p) ?? 0));
    const first = (best && shotOf(doc, best)) ?? Infinity;

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
            <nav class="tools" aria-label="Pages" ref={tools} hidden={shots.length < 2}>
                <button class="square" aria-label={isPicture(doc) ? "Previous frame" : "Previous page"} aria-disabled={current <= 1} onClick={() => jump(current - 1)}><Icon name="back" /></button>
                <form onSubmit={submit}>
                    <label>{isPicture(doc) ? "Frame" : "Page"} <input inputMode="numeric" size={4} value={typed ?? current} onFocus={(e) => e.currentTarget.select()}
                        onInput={(e) => setTyped(e.currentTarget.value)} onBlur={() => setTyped(null)} /></label>
                    <span>of {pages}</span>
                </form>
                <button class="square" aria-label={isPicture(doc) ? "Next frame" : "Next page"} aria-disabled={current >= pages} onClick={() => jump(current + 1)}><Icon name="next" /></button>
                {first < Infinity && <button onClick={() => jump(first)}><span class="swatch" />Passage</button>}
            </nav>
            <div class="pages" ref={room}>
                {width > 0 && shots.map((number) => (
                    <PageImage key={number} doc={doc} number={number} width={imageWidth(width)} ratio={ratio || PAPER} places={places(number)} best={best}
                        onRatio={(r) => setRatio((old) => old || r)} />
                ))}
            </div>
        </div>
    );
}
