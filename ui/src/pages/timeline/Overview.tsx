// The actor's own history, a bar a day, with the case's window boxed in it; drag to zoom.

import { useRef, useState } from "preact/hooks";
import type { Bar, CaseView, HistoryView } from "../../api/client.ts";
import type { Asked } from "../../api/use.ts";
import type { Span } from "../../base/span.ts";
import { count, counted, heat } from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";
import { useWidth } from "./size.ts";

interface Props {
  readonly asked: Asked<HistoryView>;
  readonly case: CaseView;
  readonly own: Span;
  readonly window: Span;
  readonly zone: Zone;
  readonly onWindow: (window: Span) => void;
}

const HEIGHT = 40;
const BASE = 54;
const LABEL_PX = 62;
const LEAST_BOX_PX = 18;
/** The box may stand out over the last bar. */
const OVERHANG_PX = 4;

export function Overview({ asked, case: shown, own, window, zone, onWindow }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const width = useWidth(element);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const [over, setOver] = useState<Bar>();
  const bars = asked.value?.bars ?? [];
  const first = bars[0];
  const last = bars[bars.length - 1];
  const start = first ? Date.parse(first.start) : 0;
  const end = last ? Date.parse(last.end) : 1;
  const x = (ms: number) => ((ms - start) / (end - start)) * width;
  const time = (px: number) => start + (Math.min(Math.max(px, 0), width) / width) * (end - start);
  const most = Math.max(1, ...bars.map((b) => b.acts));
  const unit = asked.value?.unit ?? "day";
  // Square roots, as in the lanes below: an ordinary day is still seen beside the worst.
  const heights = bars.map((b) =>
    b.acts === 0 ? 0 : Math.max(2, Math.sqrt(b.acts / most) * HEIGHT),
  );
  const boxed = drag
    ? { left: Math.min(drag.from, drag.to), right: Math.max(drag.from, drag.to) }
    : { left: x(window.start), right: x(window.end) };
  const wider = Math.max(2, (LEAST_BOX_PX - (boxed.right - boxed.left)) / 2);
  const boxLeft = Math.max(1, Math.min(boxed.left - wider, width + OVERHANG_PX - LEAST_BOX_PX));
  const boxRight = Math.min(
    width + OVERHANG_PX,
    Math.max(boxed.right + wider, boxLeft + LEAST_BOX_PX),
  );

  const at = (event: PointerEvent) => {
    const box = element.current?.getBoundingClientRect();
    return box ? event.clientX - box.left : 0;
  };
  const release = (event: PointerEvent) => {
    if (!drag) return;
    setDrag(undefined);
    const to = at(event);
    if (Math.abs(to - drag.from) > 4) {
      const [a, b] = [time(drag.from), time(to)];
      onWindow({ start: Math.round(Math.min(a, b)), end: Math.round(Math.max(a, b)) });
      return;
    }
    const bar = bars.find((b) => Date.parse(b.end) > time(to));
    if (bar) onWindow({ start: Date.parse(bar.start), end: Date.parse(bar.end) });
  };

  return (
    <section class="overview" aria-label="History">
      <div class="gutter">
        <b>{bars.length > 0 ? `${counted(bars.length, unit)} of acts` : "History"}</b>
        <span>
          {over
            ? `${unit === "day" ? zone.date(Date.parse(over.start)) : zone.fullDate(Date.parse(over.start))}: ${count(over.acts)}`
            : asked.error !== undefined
              ? "could not be read"
              : "drag to zoom"}
        </span>
      </div>
      <div
        ref={element}
        class="strip"
        onPointerDown={(e) => {
          if (e.button !== 0 || bars.length === 0) return;
          e.currentTarget.setPointerCapture(e.pointerId);
          setDrag({ from: at(e), to: at(e) });
        }}
        onPointerMove={(e) => {
          const px = at(e);
          if (drag) setDrag({ ...drag, to: px });
          setOver(bars.find((b) => Date.parse(b.end) > time(px)));
        }}
        onPointerUp={release}
        onPointerLeave={() => setOver(undefined)}
      >
        {width > 0 && bars.length > 0 && (
          <svg
            width={width + OVERHANG_PX + 1}
            height={BASE + 2}
            role="img"
            aria-label={`${shown.entity}: acts per ${unit}, at most ${count(most)}`}
          >
            {bars.map((bar, i) => {
              const left = x(Date.parse(bar.start));
              const right = x(Date.parse(bar.end));
              const gap = right - left > 6 ? 2.5 : right - left > 3 ? 1 : 0.3;
              const h = heights[i] ?? 0;
              const inCase = Date.parse(bar.end) > own.start && Date.parse(bar.start) <= own.end;
              return (
                <rect
                  key={bar.start}
                  class={inCase ? `bar ${heat(shown.score)}` : "bar"}
                  x={left + gap / 2}
                  y={HEIGHT - h}
                  width={Math.max(0.5, right - left - gap)}
                  height={h}
                  rx={right - left > 6 ? 1.5 : 0}
                />
              );
            })}
            <line class="ground" x1={0} x2={width} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} />
            {marks(bars, unit, zone, width, x).map(({ px, text }) => (
              <text key={px} x={px} y={BASE} class="axis">
                {text}
              </text>
            ))}
            <rect
              class="box"
              x={boxLeft + 0.75}
              y={0.75}
              width={boxRight - boxLeft - 1.5}
              height={HEIGHT + 1}
              rx={3}
            />
          </svg>
        )}
      </div>
    </section>
  );
}

/** Dates below the bars: Mondays, firsts of a month or years, as far apart as they need. */
function marks(
  bars: readonly Bar[],
  unit: HistoryView["unit"],
  zone: Zone,
  width: number,
  x: (ms: number) => number,
): { px: number; text: string }[] {
  const found: { px: number; text: string }[] = [];
  let month = -1;
  for (const bar of bars) {
    const at = Date.parse(bar.start);
    const local = zone.local(at);
    const stands =
      unit === "day" ? local.weekday === 1 : unit === "week" ? local.day <= 7 : local.month === 1;
    if (!stands) continue;
    const px = x(at);
    const previous = found[found.length - 1];
    if ((previous && px - previous.px < (unit === "day" ? LABEL_PX : 50)) || px > width - 46) {
      continue;
    }
    const text =
      unit === "month"
        ? String(local.year)
        : unit === "day" && local.month === month
          ? String(local.day)
          : local.month === 1 && unit === "week"
            ? String(local.year)
            : unit === "week"
              ? zone.month(at)
              : zone.date(at);
    month = local.month;
    found.push({ px, text });
  }
  return found;
}
