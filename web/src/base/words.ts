// SPDX-License-Identifier: AGPL-3.0-or-later
// Numbers and states in words.

export function bytes(n: number): string {
    if (n < 1000) {
        return `${n} bytes`;
    }
    const units = ["KB", "MB", "GB", "TB"];
    let value = n / 1000;
    let unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
        value /= 1000;
        unit++;
    }
    return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function count(n: number, one: string, many = one + "s"): string {
    return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/** "about 2 minutes left"; empty when nobody knows. */
export function timeLeft(seconds: number | null | undefined): string {
    if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || seconds < 0) {
        return "";
    }
    if (seconds < 5) {
        return "a few seconds left";
    }
    if (seconds < 50) {
        return `about ${Math.ceil(seconds / 5) * 5} seconds left`;
    }
    if (seconds < 5400) {
        return `about ${count(Math.max(1, Math.round(seconds / 60)), "minute")} left`;
    }
    return `about ${count(Math.round(seconds / 3600), "hour")} left`;
}

/** Today's by the clock, others by the day. Accepts an ISO time or milliseconds. */
export function when(time: string | number | undefined, now = new Date()): string {
    const date = time === undefined ? null : new Date(time);
    if (!date || Number.isNaN(date.getTime())) {
        return "";
    }
    if (date.toDateString() === now.toDateString()) {
        return "today, " + date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
    }
    const year: Intl.DateTimeFormatOptions = date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
    return date.toLocaleDateString(undefined, { day: "numeric", month: "short", ...year });
}

const LAYERS = ["", "Name", "Size", "Type", "Structure", "Security"];

/** Which of the five checks found it: "Check 4, structure". */
export function layerWords(layer: number | string): string {
    const n = Number(layer);
    return Number.isInteger(n) && LAYERS[n] ? `Check ${n} of 5: ${LAYERS[n]!.toLowerCase()}` : String(layer);
}

export function capital(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "closing_time" as "Closing time". */
export function label(key: string): string {
    return capital(key.replace(/[_-]+/g, " "));
}
