// SPDX-License-Identifier: AGPL-3.0-or-later
// A value that views watch: the whole of the app's state management. Values are replaced, never changed in place.
import { useEffect, useState } from "preact/hooks";

export class Cell<T> {
    private watchers = new Set<() => void>();

    constructor(private current: T) {}

    get value(): T {
        return this.current;
    }

    set(next: T): void {
        if (next === this.current) {
            return;
        }
        this.current = next;
        for (const watcher of [...this.watchers]) {
            watcher();
        }
    }

    /** Calls back after each change; returns what ends it. */
    watch(watcher: () => void): () => void {
        this.watchers.add(watcher);
        return () => this.watchers.delete(watcher);
    }
}

export function useCell<T>(cell: Cell<T>): T {
    const [, count] = useState(0);
    const drawn = cell.value;
    useEffect(() => {
        const redraw = () => count((n) => n + 1);
        const end = cell.watch(redraw);
        if (cell.value !== drawn) { // it changed after the drawing and before this effect, which comes a frame later
            redraw();
        }
        return end;
    }, [cell]);
    return drawn;
}

/** Listens to several events of one target; returns what ends it. */
export function listen(target: EventTarget, handlers: Record<string, (event: any) => void>): () => void {
    const all = Object.entries(handlers);
    all.forEach(([name, handler]) => target.addEventListener(name, handler));
    return () => all.forEach(([name, handler]) => target.removeEventListener(name, handler));
}

/** What the screen reader says next, politely. */
export const announcement = new Cell("");

export function announce(text: string): void {
    // The same sentence twice must be spoken twice; a trailing space makes it another one.
    announcement.set(announcement.value === text ? text + " " : text);
}
