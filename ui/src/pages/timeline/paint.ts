// The timeline on a canvas: density behind, findings in front. Nothing here knows React or events.

import type { ActivityView, FindingView } from "../../api/client.ts";
import { place } from "../../base/labels.ts";
import type { Span } from "../../base/span.ts";
import type { Tick } from "../../base/ticks.ts";
import { type Heat, heat } from "../../base/words.ts";
import { sizeOf } from "./greyed.ts";
import { type Layout, MARK_PX, NARROWEST_PX } from "./layout.ts";

export const AXIS_PX = 22;
const DENSITY_PX = 22;
const MOST_LABEL_PX = 260;

export interface Box {
  readonly n: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Scene {
  readonly lanes: ActivityView["lanes"];
  readonly layout: Layout;
  readonly density: ActivityView | undefined;
  readonly found: readonly FindingView[];
  readonly selected: number | undefined;
  readonly window: Span;
  readonly ticks: readonly Tick[];
  readonly width: number;
}

export type Ink = Readonly<
  Record<"line" | "strong" | "density" | Heat | "focus" | "ink" | "paper" | "soft", string>
>;

/** The page's own colours, which follow the reader's light or dark. */
export function inkOf(element: Element): Ink {
  const style = getComputedStyle(element);
  const get = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    line: get("line"),
    strong: get("line-strong"),
    density: get("density"),
    hot: get("hot"),
    warm: get("warm"),
    mild: get("mild"),
    focus: get("focus"),
    ink: get("ink"),
    paper: get("bg"),
    soft: get("soft"),
  };
}

/** A canvas of this size in CSS pixels, sharp on any screen, and empty. */
export function prepared(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | undefined {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const on = canvas.getContext("2d");
  if (!on) return undefined;
  on.setTransform(ratio, 0, 0, ratio, 0, 0);
  on.clearRect(0, 0, width, height);
  return on;
}

export function paintAxis(on: CanvasRenderingContext2D, scene: Scene, ink: Ink): void {
  on.font = '11px ui-monospace, "DejaVu Sans Mono", Menlo, monospace';
  on.textBaseline = "alphabetic";
  let free = 0;
  for (const tick of scene.ticks) {
    const x = xOf(scene, tick.at);
    const w = on.measureText(tick.text).width;
    const left = Math.min(Math.max(x - w / 2, 0), scene.width - w);
    if (left < free) continue;
    on.fillStyle = tick.strong ? ink.ink : ink.soft;
    on.fillText(tick.text, left, 14);
    free = left + w + 8;
  }
}

/** Draws all lanes; says where the marks are, the highest ranked first. */
export function paintLanes(on: CanvasRenderingContext2D, scene: Scene, ink: Ink): Box[] {
  const { tops, heights, height } = scene.layout;
  for (const tick of scene.ticks) {
    const x = Math.round(xOf(scene, tick.at)) + 0.5;
    on.strokeStyle = tick.strong ? ink.strong : ink.line;
    line(on, x, 0, x, height);
  }
  on.strokeStyle = ink.line;
  for (const [i, top] of tops.entries()) {
    const bottom = top + (heights[i] ?? 0) - 0.5;
    line(on, 0, bottom, scene.width, bottom);
  }
  paintDensity(on, scene, ink);
  const boxes = boxesOf(scene);
  // Where rows did not suffice, the short lie upon the long and both can be seen.
  const longest = [...boxes].sort((a, b) => b.right - b.left - (a.right - a.left));
  for (const box of longest) paintMark(on, scene, box, ink);
  const chosen = boxes.find((b) => b.n === scene.selected);
  if (chosen) {
    on.strokeStyle = ink.focus;
    on.lineWidth = 2;
    on.beginPath();
    const h = chosen.bottom - chosen.top + 8;
    on.roundRect(chosen.left - 4, chosen.top - 4, chosen.right - chosen.left + 8, h, 7);
    on.stroke();
    on.lineWidth = 1;
  }
  paintLabels(on, scene, boxes, ink);
  return boxes;
}

function paintDensity(on: CanvasRenderingContext2D, scene: Scene, ink: Ink): void {
  const known = scene.density;
  if (!known) return;
  const from = Date.parse(known.start);
  const bucket = (Date.parse(known.end) - from) / known.buckets;
  const wide = xOf(scene, from + bucket) - xOf(scene, from);
  // Narrow buckets are drawn together, so that a bar is never thinner than can be seen.
  const join = Math.max(1, Math.ceil(2.6 / wide));
  let most = 1;
  const joined = known.lanes.map((lane) => {
    const sums: number[] = [];
    for (let i = 0; i < lane.counts.length; i += join) {
      let sum = 0;
      for (let j = i; j < i + join; j++) sum += lane.counts[j] ?? 0;
      sums.push(sum);
      most = Math.max(most, sum);
    }
    return sums;
  });
  on.fillStyle = ink.density;
  scene.lanes.forEach((lane, i) => {
    const at = known.lanes.findIndex((l) => l.key === lane.key);
    const base = (scene.layout.tops[i] ?? 0) + (scene.layout.heights[i] ?? 0) - 4;
    joined[at]?.forEach((n, b) => {
      if (n === 0) return;
      const x = xOf(scene, from + b * join * bucket);
      const w = Math.max(1.6, wide * join - 1);
      if (x + w < 0 || x > scene.width) return;
      // Square roots, so that one act can be seen beside a hundred.
      const h = Math.max(2.5, Math.sqrt(n / most) * DENSITY_PX);
      on.fillRect(x, base - h, Math.min(w, 14), h);
    });
  });
}

function boxesOf(scene: Scene): Box[] {
  const found: Box[] = [];
  for (const f of scene.found) {
    const middle = scene.layout.middles.get(f.n);
    if (middle === undefined) continue;
    const step = sizeOf(f);
    let left = xOf(scene, Date.parse(f.first));
    let right = xOf(scene, Date.parse(f.last));
    const least = NARROWEST_PX[step];
    if (right - left < least) {
      const centre = (left + right) / 2;
      [left, right] = [centre - least / 2, centre + least / 2];
    }
    const half = MARK_PX[step] / 2;
    found.push({ n: f.n, left, right, top: middle - half, bottom: middle + half });
  }
  return found;
}

function paintMark(on: CanvasRenderingContext2D, scene: Scene, box: Box, ink: Ink): void {
  if (box.right < -20 || box.left > scene.width + 20) return;
  const f = scene.found[box.n - 1];
  if (!f) return;
  on.fillStyle = f.hidden ? ink.paper : ink[heat(f.bits)];
  on.strokeStyle = f.hidden ? ink.soft : ink.paper;
  on.beginPath();
  const left = Math.max(box.left, -20);
  const right = Math.min(box.right, scene.width + 20);
  on.roundRect(left, box.top, right - left, box.bottom - box.top, 3.5);
  on.fill();
  on.stroke();
}

function paintLabels(
  on: CanvasRenderingContext2D,
  scene: Scene,
  boxes: readonly Box[],
  ink: Ink,
): void {
  on.font =
    "11.5px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif";
  on.textBaseline = "middle";
  on.lineJoin = "round";
  for (const row of new Set(boxes.map((b) => b.top + b.bottom))) {
    const here = boxes.filter((b) => b.top + b.bottom === row);
    const texts = here.map((b) => fitted(on, scene.found[b.n - 1]?.value ?? ""));
    const places = place(
      here.map((b, i) => ({
        left: b.left,
        right: b.right,
        label: texts[i] ? on.measureText(texts[i]).width : 0,
      })),
      0,
      scene.width,
    );
    here.forEach((b, i) => {
      const at = places[i];
      const text = texts[i];
      if (at === undefined || !text) return;
      const y = (b.top + b.bottom) / 2 + 0.5;
      on.strokeStyle = ink.paper;
      on.lineWidth = 4;
      on.strokeText(text, at, y);
      on.fillStyle = scene.found[b.n - 1]?.hidden ? ink.soft : ink.ink;
      on.fillText(text, at, y);
      on.lineWidth = 1;
    });
  }
}

/** A label on one line, cut where it would be too long. */
function fitted(on: CanvasRenderingContext2D, text: string): string {
  const flat = text.replaceAll(/\s+/g, " ").slice(0, 120);
  if (on.measureText(flat).width <= MOST_LABEL_PX) return flat;
  let cut = flat.length;
  while (cut > 1 && on.measureText(`${flat.slice(0, cut)}…`).width > MOST_LABEL_PX) cut -= 2;
  return `${flat.slice(0, cut)}…`;
}

/** The mark at a point, within a few pixels. */
export function hit(boxes: readonly Box[], x: number, y: number): Box | undefined {
  const inside = (slack: number) => (b: Box) =>
    x >= b.left - slack && x <= b.right + slack && y >= b.top - slack && y <= b.bottom + slack;
  // The narrow one that lies upon a wide one is meant.
  return boxes
    .filter(inside(3))
    .sort((a, b) => a.right - a.left - (b.right - b.left) || a.n - b.n)[0];
}

export function xOf(scene: { readonly window: Span; readonly width: number }, ms: number): number {
  const { start, end } = scene.window;
  return ((ms - start) / (end - start)) * scene.width;
}

function line(on: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  on.beginPath();
  on.moveTo(x1, y1);
  on.lineTo(x2, y2);
  on.stroke();
}
