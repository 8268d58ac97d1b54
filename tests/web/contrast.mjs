// SPDX-License-Identifier: AGPL-3.0-or-later
// Texts of the page whose contrast with what lies behind them is under 4.5 to 1 (WCAG 2.2 AA): [[class or tag, ratio]].
export function weakTexts(page) {
    return page.evaluate(() => {
        const parse = (c) => (c.match(/[\d.]+/g) ?? [0, 0, 0]).map(Number);
        const lum = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
        const ground = (e) => {
            for (; e; e = e.parentElement) {
                const c = parse(getComputedStyle(e).backgroundColor);
                if (c.length === 3 || c[3] === 1) {
                    return c;
                }
            }
            return [255, 255, 255];
        };
        const bad = [];
        for (const e of document.querySelectorAll("body *")) {
            const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (own && e.checkVisibility() && !e.closest(".hidden, .skip, noscript")) {
                const [a, b] = [lum(parse(getComputedStyle(e).color)), lum(ground(e))].sort((x, y) => y - x);
                if ((a + 0.05) / (b + 0.05) < 4.5) {
                    bad.push([e.className || e.tagName, ((a + 0.05) / (b + 0.05)).toFixed(2)]);
                }
            }
        }
        return bad;
    });
}
