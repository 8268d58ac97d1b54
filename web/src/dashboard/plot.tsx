// SPDX-License-Identifier: AGPL-3.0-or-later
// One plot: lines over time, drawn by uPlot on a canvas, with its thresholds. With the keyboard: Tab to a plot, arrows to walk
// along it, Escape to leave it. Screen readers get its values in words.
import { useEffect, useRef, useState } from "preact/hooks";
import { announce } from "larder-app";
import uPlot from "uplot";
import { last, say } from "./data";

export interface Line {
    label: string;
    values: (number | null)[];
    colour: string; // name of a CSS variable
}
export interface Limit {
    value: number;
    label: string; // "warning over"
    colour: string;
    firing: boolean;
}
export interface PlotProps {
    id: string;
    title: string;
    unit: string;
    from: number;
    step: number;
    points: number;
    lines: Line[];
    limits?: Limit[];
    alarm?: boolean;
    /** Upper end of the scale at least. */
    top?: number;
    note?: string;
    /** Its values come with events: the line goes on over the time between them. */
    joined?: boolean;
}

const HEIGHT = 170;
const DAY = 86400;
const sync = uPlot.sync("dashboard");

const tens = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => [1, 2, 5].map((n) => n * 10 ** (i + from))).flat();
const halves = Array.from({ length: 40 }, (_, i) => 2 ** (i + 10));
/** Steps of an axis in the units that its labels use. */
const STEPS: Record<string, number[]> = {
    "": tens(0, 9), rate: tens(-3, 7), x: tens(-1, 5), ratio: tens(-4, 2), bytes: halves,
    seconds: [...tens(-6, 1), 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY, 100 * DAY, 365 * DAY],
};

function colour(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

function timeLabel(seconds: number, step: number): string {
    const at = new Date(seconds * 1000);
    if (step >= 28 * DAY) {
        return at.toLocaleDateString([], { month: "short", year: "numeric" });
    }
    if (step >= DAY || (at.getHours() === 0 && at.getMinutes() === 0)) {
        return at.toLocaleDateString([], { day: "numeric", month: "short" });
    }
    return at.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

function when(seconds: number, step: number): string {
    const at = new Date(seconds * 1000);
    return step >= DAY ? at.toLocaleDateString([], { dateStyle: "medium" }) : at.toLocaleString([], { dateStyle: "medium", timeStyle: step < 60 ? "medium" : "short" });
}

function drawLimits(limits: Limit[]) {
    return (u: uPlot) => {
        const scale = u.scales.y!, { ctx } = u, dpr = devicePixelRatio;
        for (const limit of limits) {
            if (limit.value < (scale.min ?? 0) || limit.value > (scale.max ?? 0)) {
                continue;
            }
            const y = Math.round(u.valToPos(limit.value, "y", true));
            ctx.save();
            ctx.strokeStyle = ctx.fillStyle = colour(limit.colour);
            ctx.setLineDash([6 * dpr, 4 * dpr]);
            ctx.lineWidth = (limit.firing ? 2 : 1.25) * dpr;
            ctx.beginPath();
            ctx.moveTo(u.bbox.left, y);
            ctx.lineTo(u.bbox.left + u.bbox.width, y);
            ctx.stroke();
            ctx.restore();
        }
    };
}

/** Single values would be invisible as lines. */
const few = (line: Line) => line.values.reduce<number>((n, v) => n + (v === null ? 0 : 1), 0) < 12;

/** Room for all values; a threshold is in it once the line comes near, and always when it is passed. */
function highest(p: PlotProps, max: number | null): number {
    const near = (p.limits ?? []).filter((l) => l.firing || l.value < (max ?? 0) * 3).map((l) => l.value);
    return Math.max((max ?? 0) * 1.08, ...near.map((v) => v * 1.15), p.top ?? 0) || 1;
}

function options(p: PlotProps, width: number): uPlot.Options {
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1, size: 5 },
        font: "12px system-ui, sans-serif" };
    return {
        width, height: HEIGHT, pxAlign: 0, legend: { show: false }, padding: [10, 12, 0, 0],
        cursor: { sync: { key: sync.key }, drag: { x: false, y: false }, y: false },
        scales: {
            x: { time: true, range: () => [p.from, p.from + Math.max(1, p.points - 1) * p.step] },
            y: { range: (_u, _min, max) => [0, highest(p, max)] },
        },
        axes: [{ ...axis, space: 62, size: 30, values: (_u, ticks, _a, _s, step) => ticks.map((t) => timeLabel(t, step)) },
            { ...axis, size: 74, space: 30, incrs: STEPS[p.unit] ?? tens(-3, 9), values: (_u, ticks) => ticks.map((v) => say(v, p.unit)) }],
        series: [{}, ...p.lines.map((line) => ({ label: line.label, stroke: colour(line.colour), width: 1.75, points: { show: few(line), size: 5 },
            spanGaps: p.joined === true }))],
        hooks: { draw: [drawLimits(p.limits ?? [])] },
    };
}

/** What is drawn, for those who do not see it. */
function inWords(p: PlotProps): string {
    const lines = p.lines.map((l) => {
        const known = l.values.filter((v) => v !== null);
        return known.length ? `${l.label} now ${say(last(l.values), p.unit)}, lowest ${say(Math.min(...known), p.unit)}, highest ${say(Math.max(...known), p.unit)}` : `${l.label} was not measured`;
    });
    return `${p.title}. ${lines.join("; ")}. ${(p.limits ?? []).map((l) => `${l.label} ${say(l.value, p.unit)}. `).join("")}Arrow keys walk along it.`;
}

export function Plot(p: PlotProps) {
    const box = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlot | null>(null);
    const now = useRef(p); // for what uPlot calls later
    now.current = p;
    const [at, setAt] = useState<number | null>(null);
    const [dark, setDark] = useState(0);
    const shape = p.lines.map((l) => l.label).join() + (p.limits ?? []).map((l) => `${l.value}${l.firing}`).join() + p.step + dark;
    useEffect(() => {
        const scheme = matchMedia("(prefers-color-scheme: dark)");
        const change = () => setDark((n) => n + 1);
        scheme.addEventListener("change", change);
        return () => scheme.removeEventListener("change", change);
    }, []);
    const data = () => [Array.from({ length: p.points }, (_, i) => p.from + i * p.step),
        ...p.lines.map((l) => (l.values.length ? l.values : Array<null>(p.points).fill(null)))] as uPlot.AlignedData;
    useEffect(() => {
        const element = box.current!;
        const made = new uPlot(options(p, element.clientWidth), data(), element);
        made.scales.x!.range = () => [now.current.from, now.current.from + Math.max(1, now.current.points - 1) * now.current.step];
        made.hooks.setCursor = [(u: uPlot) => setAt(u.cursor.idx ?? null)];
        plot.current = made;
        const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
        observer.observe(element);
        return () => {
            observer.disconnect();
            made.destroy();
        };
    }, [shape]);
    useEffect(() => plot.current?.setData(data()), [p.lines, p.from]);
    const value = (line: Line) => (at === null ? last(line.values) : (line.values[at] ?? null));
    const walk = (to: number | null) => {
        const u = plot.current!;
        u.setCursor(to === null ? { left: -10, top: -10 } : { left: u.valToPos(p.from + to * p.step, "x"), top: 1 });
        setAt(to);
        if (to !== null) {
            announce(`${when(p.from + to * p.step, p.step)}: ${p.lines.map((l) => `${l.label} ${say(l.values[to] ?? null, p.unit)}`).join(", ")}`);
        }
    };
    const key = (event: KeyboardEvent) => {
        const end = p.points - 1, by = event.shiftKey ? 10 : 1;
        const to = { ArrowLeft: Math.max(0, (at ?? end + 1) - by), ArrowRight: Math.min(end, (at ?? end) + by), Home: 0, End: end, Escape: null }[event.key];
        if (to !== undefined) {
            event.preventDefault();
            walk(to);
        }
    };
    return (
        <figure class={"plot" + (p.alarm ? " alarm" : "")} id={"plot-" + p.id} tabIndex={-1}>
            <figcaption>
                <h3>{p.title}{p.alarm && <span class="hidden">, in alarm</span>}{at !== null && <span class="soft plot-time"> {when(p.from + at * p.step, p.step)}</span>}</h3>
                <ul class="legend">
                    {p.lines.map((line) => <li key={line.label}><i class={"swatch " + line.colour.slice(2)} aria-hidden="true" />{line.label} <b>{say(value(line), p.unit)}</b></li>)}
                    {(p.limits ?? []).map((limit) => <li key={"limit" + limit.label + limit.value} class="soft"><i class={"swatch dashed " + limit.colour.slice(2)} aria-hidden="true" />{limit.label} {say(limit.value, p.unit)}</li>)}
                </ul>
            </figcaption>
            <div ref={box} class="canvas" role="img" aria-label={inWords(p)} tabIndex={0} onKeyDown={key} onBlur={() => at !== null && walk(null)} />
            {p.lines.every((l) => last(l.values) === null) && <p class="soft nothing">Nothing was measured in this time</p>}
            {p.note && <p class="soft plot-note">{p.note}</p>}
        </figure>
    );
}
