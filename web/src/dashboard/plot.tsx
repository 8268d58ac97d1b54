// SPDX-License-Identifier: AGPL-3.0-or-later
// One plot: lines over time, drawn by uPlot on a canvas, with its thresholds; what a screen reader needs stands in its caption.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { last, say } from "./data";

export interface Line {
    label: string;
    values: (number | null)[];
    colour: string; // name of a CSS variable
}
export interface Limit {
    value: number;
    label: string;
    colour: string;
}
export interface PlotProps {
    id: string;
    title: string;
    unit: string;
    from: number;
    step: number;
    lines: Line[];
    limits?: Limit[];
    alarm?: boolean;
    /** Upper end of the scale at least. */
    top?: number;
    note?: string;
    /** Its values come with events: the line goes on over the time between them. */
    joined?: boolean;
}

const HEIGHT = 150;
const sync = uPlot.sync("dashboard");

function colour(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

function drawLimits(limits: Limit[]) {
    return (u: uPlot) => {
        const scale = u.scales.y!;
        for (const limit of limits) {
            if (limit.value < (scale.min ?? 0) || limit.value > (scale.max ?? 0)) {
                continue;
            }
            const y = Math.round(u.valToPos(limit.value, "y", true));
            u.ctx.save();
            u.ctx.strokeStyle = colour(limit.colour);
            u.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
            u.ctx.lineWidth = devicePixelRatio;
            u.ctx.beginPath();
            u.ctx.moveTo(u.bbox.left, y);
            u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
            u.ctx.stroke();
            u.ctx.restore();
        }
    };
}

/** Single values would be invisible as lines. */
const few = (line: Line) => line.values.reduce<number>((n, v) => n + (v === null ? 0 : 1), 0) < 12;

function options(p: PlotProps, width: number): uPlot.Options {
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 },
        font: "12px system-ui, sans-serif" };
    return {
        width, height: HEIGHT, pxAlign: 0, legend: { show: false },
        cursor: { sync: { key: sync.key }, drag: { x: false, y: false }, y: false },
        scales: {
            x: { time: true },
            y: { range: (_u, _min, max) => [0, Math.max((max ?? 0) * 1.1, p.top ?? 0) || 1] },
        },
        axes: [{ ...axis, space: 70 }, { ...axis, size: 76, space: 34, values: (_u, ticks) => ticks.map((v) => say(v, p.unit)) }],
        series: [{}, ...p.lines.map((line) => ({ label: line.label, stroke: colour(line.colour), width: 1.75, points: { show: few(line), size: 5 },
            spanGaps: p.joined === true }))],
        hooks: { draw: [drawLimits(p.limits ?? [])] },
    };
}

export function Plot(p: PlotProps) {
    const box = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlot | null>(null);
    const [at, setAt] = useState<number | null>(null);
    const [dark, setDark] = useState(0);
    const shape = p.lines.map((l) => l.label).join() + (p.limits ?? []).map((l) => l.value).join() + p.step + dark;
    useEffect(() => {
        const scheme = matchMedia("(prefers-color-scheme: dark)");
        const change = () => setDark((n) => n + 1);
        scheme.addEventListener("change", change);
        return () => scheme.removeEventListener("change", change);
    }, []);
    const times = () => Array.from({ length: p.lines[0]?.values.length ?? 0 }, (_, i) => p.from + i * p.step);
    const data = () => [times(), ...p.lines.map((l) => l.values)] as uPlot.AlignedData;
    useEffect(() => {
        const element = box.current!;
        const made = new uPlot(options(p, element.clientWidth), data(), element);
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
    return (
        <figure class={"plot" + (p.alarm ? " alarm" : "")} id={"plot-" + p.id} tabIndex={-1}>
            <figcaption>
                <h3>{p.title}{at !== null && <span class="soft plot-time"> {new Date((p.from + at * p.step) * 1000).toLocaleString([], { dateStyle: "short", timeStyle: "short" })}</span>}</h3>
                <ul class="legend">
                    {p.lines.map((line) => <li key={line.label}><i class={"swatch " + line.colour.slice(2)} aria-hidden="true" />{line.label} <b>{say(value(line), p.unit)}</b></li>)}
                    {(p.limits ?? []).map((limit) => <li key={"limit" + limit.value} class="soft"><i class={"swatch dashed " + limit.colour.slice(2)} aria-hidden="true" />{limit.label} {say(limit.value, p.unit)}</li>)}
                </ul>
            </figcaption>
            <div ref={box} class="canvas" aria-hidden="true" />
            {p.lines.every((l) => last(l.values) === null) && <p class="soft nothing">Nothing was measured in this time.</p>}
            {p.note && <p class="soft plot-note">{p.note}</p>}
        </figure>
    );
}
