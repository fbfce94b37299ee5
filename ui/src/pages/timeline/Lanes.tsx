// Swimlanes: the case's findings in front of the actor's ordinary activity, on one axis of time.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ActivityView, CaseView, LaneView } from "../../api/client.ts";
import type { Asked } from "../../api/use.ts";
import { LANES, type Lane } from "../../base/route.ts";
import { pan, type Span, zoom } from "../../base/span.ts";
import { ticks } from "../../base/ticks.ts";
import { detectorName, duration, usual } from "../../base/words.ts";
import { DAY, type Zone } from "../../base/zone.ts";
import { hiddenBy } from "./greyed.ts";
import { layoutOf } from "./layout.ts";
import { AXIS_PX, type Box, hit, inkOf, paintAxis, paintLanes, prepared } from "./paint.ts";
import { useWidth } from "./size.ts";

interface Props {
  readonly asked: Asked<ActivityView>;
  readonly case: CaseView;
  readonly lane: Lane;
  readonly selected: number | undefined;
  readonly window: Span;
  /** The window that shows the whole case. */
  readonly home: Span;
  readonly bounds: Span;
  readonly zone: Zone;
  readonly onWindow: (window: Span) => void;
  readonly onLane: (lane: Lane) => void;
  readonly onSelect: (n: number) => void;
  readonly onReset: () => void;
}

const LANE_NAMES: Record<Lane, string> = {
  app: "application",
  detector: "detector",
  session: "session",
  device: "device",
};
const TICK_PX = 78;
const CLICK_PX = 4;

export function Lanes(props: Props) {
  const { asked, case: shown, lane, selected, window, home, bounds, zone } = props;
  const { onWindow, onLane, onSelect, onReset } = props;
  const plot = useRef<HTMLDivElement>(null);
  const axis = useRef<HTMLCanvasElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const boxes = useRef<readonly Box[]>([]);
  const drag = useRef<{ x: number; window: Span; moved: boolean } | undefined>(undefined);
  const [cross, setCross] = useState<{ x: number; over: number | undefined }>();
  const width = useWidth(plot);
  const theme = useTheme();

  // Lanes of another choice are not shown under this one's name.
  const density = asked.of?.includes(`lane=${lane}`) ? asked.value : undefined;
  const lanes = density?.lanes ?? NONE;

  const layout = useMemo(
    () => layoutOf(lanes, shown.found, home, width),
    [lanes, shown.found, home, width],
  );
  const scene = useMemo(
    () => ({
      lanes,
      layout,
      density,
      found: shown.found,
      selected,
      window,
      ticks: width > 0 ? ticks(window.start, window.end, TICK_PX / width, zone) : [],
      width,
    }),
    [lanes, layout, density, shown.found, selected, window, width, zone],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme is painted anew
  useEffect(() => {
    if (!canvas.current || !axis.current || width === 0) return;
    const ink = inkOf(canvas.current);
    const top = prepared(axis.current, width, AXIS_PX);
    const body = prepared(canvas.current, width, Math.max(1, layout.height));
    if (top) paintAxis(top, scene, ink);
    if (body) boxes.current = paintLanes(body, scene, ink);
  }, [scene, theme]);

  const point = (event: MouseEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    return box ? { x: event.clientX - box.left, y: event.clientY - box.top } : { x: 0, y: 0 };
  };
  const time = (x: number) => window.start + (x / width) * (window.end - window.start);

  // Not through Preact: only a listener that is said to be active may keep the page from scrolling.
  const wheel = useRef<(event: WheelEvent) => void>(() => undefined);
  wheel.current = (event) => {
    if (width === 0) return;
    event.preventDefault();
    const perPixel = (window.end - window.start) / width;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      onWindow(pan(window, sideways * perPixel, bounds));
    } else {
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1);
      onWindow(zoom(window, time(point(event).x), Math.exp(pixels * 0.002), bounds));
    }
  };
  useEffect(() => {
    const element = plot.current;
    const turn = (event: WheelEvent) => wheel.current(event);
    element?.addEventListener("wheel", turn, { passive: false });
    return () => element?.removeEventListener("wheel", turn);
  }, []);

  const over = cross?.over === undefined ? undefined : shown.found[cross.over - 1];
  const middle = (window.start + window.end) / 2;

  return (
    <section class="lanes" aria-label="Timeline">
      <div class="lanes-top">
        <div class="gutter">
          <label>
            <span class="hidden">One lane per</span>
            <select
              value={lane}
              onChange={(e) => {
                const chosen = LANES.find((l) => l === e.currentTarget.value);
                if (chosen) onLane(chosen);
              }}
            >
              {LANES.map((l) => (
                <option key={l} value={l}>
                  by {LANE_NAMES[l]}
                </option>
              ))}
            </select>
          </label>
        </div>
        <div class="axis-room">
          <canvas ref={axis} aria-hidden="true" />
          {cross && (
            <span class="cross-time" style={{ left: `${Math.min(cross.x, width - 90)}px` }}>
              {moment(time(cross.x), window, zone)}
            </span>
          )}
        </div>
      </div>
      <div class="lanes-body">
        <ul class="gutter names" aria-label="Lanes">
          {lanes.map((l, i) => (
            <li key={l.key} title={l.name} style={{ height: `${layout.heights[i]}px` }}>
              <b>{lane === "detector" ? detectorName(l.name) : l.name}</b>
              <span>{howUsual(l, density, shown)}</span>
            </li>
          ))}
        </ul>
        <div
          ref={plot}
          class={over ? "plot over" : "plot"}
          onPointerDown={(e) => {
            if (e.button !== 0) return;
            e.currentTarget.setPointerCapture(e.pointerId);
            drag.current = { x: point(e).x, window, moved: false };
          }}
          onPointerMove={(e) => {
            const { x, y } = point(e);
            const held = drag.current;
            if (held) {
              if (Math.abs(x - held.x) > CLICK_PX) held.moved = true;
              if (held.moved) {
                const by = ((held.x - x) / width) * (window.end - window.start);
                onWindow(pan(held.window, by, bounds));
              }
            }
            setCross({ x, over: hit(boxes.current, x, y)?.n });
          }}
          onPointerUp={(e) => {
            const held = drag.current;
            drag.current = undefined;
            if (!held || held.moved) return;
            const { x, y } = point(e);
            const mark = hit(boxes.current, x, y);
            if (mark) onSelect(mark.n);
          }}
          onPointerCancel={() => {
            drag.current = undefined;
          }}
          onPointerLeave={() => setCross(undefined)}
          onDblClick={(e) => onWindow(zoom(window, time(point(e).x), 0.25, bounds))}
        >
          <canvas ref={canvas} aria-hidden="true" />
          {cross && <i class="cross" style={{ left: `${cross.x}px` }} />}
          {asked.error !== undefined && (
            <p class="problem" role="alert">
              The activity could not be read: {asked.error}
            </p>
          )}
        </div>
      </div>
      <div class="lanes-foot">
        <span class="hint">
          {over
            ? over.hidden
              ? `${over.sentence} (${hiddenBy(over.hidden, zone)})`
              : over.sentence
            : [
                `${duration(window.end - window.start)} shown`,
                density && density.lanes_left_out > 0
                  ? `${density.lanes_left_out} more ${LANE_NAMES[lane]}s without a finding`
                  : "",
                "grey is what was done besides; colour and size are surprise",
                shown.found.some((f) => f.hidden) ? "hollow is hidden" : "",
              ]
                .filter(Boolean)
                .join(" · ")}
        </span>
        <span class="zoom" role="group" aria-label="Zoom">
          <button
            type="button"
            aria-label="Closer"
            onClick={() => onWindow(zoom(window, middle, 0.5, bounds))}
          >
            +
          </button>
          <button
            type="button"
            aria-label="Further away"
            onClick={() => onWindow(zoom(window, middle, 2, bounds))}
          >
            −
          </button>
          <button type="button" onClick={onReset}>
            whole case
          </button>
        </span>
      </div>
    </section>
  );
}

const NONE: readonly LaneView[] = [];

function howUsual(l: LaneView, activity: ActivityView | undefined, shown: CaseView): string {
  const last = l.last_before === null ? undefined : Date.parse(l.last_before);
  return usual({
    before: l.before,
    days: l.days,
    historyDays: activity?.history_days ?? 0,
    daysAgo: last === undefined ? undefined : Math.floor((Date.parse(shown.start) - last) / DAY),
  });
}

/** The time under the pointer, as fine as the window tells apart. */
function moment(ms: number, { start, end }: Span, zone: Zone): string {
  const width = end - start;
  if (width > 40 * DAY) return zone.fullDate(ms);
  if (width > 1.5 * DAY) return `${zone.date(ms)} ${zone.clock(ms)}`;
  if (width > 3_600_000) return zone.clock(ms);
  return width > 20_000 ? zone.seconds(ms) : zone.millis(ms);
}

/** Changes when the reader's light turns dark. */
function useTheme(): boolean {
  const dark = useMemo(() => matchMedia("(prefers-color-scheme: dark)"), []);
  const [on, setOn] = useState(dark.matches);
  useEffect(() => {
    const change = () => setOn(dark.matches);
    dark.addEventListener("change", change);
    return () => dark.removeEventListener("change", change);
  }, [dark]);
  return on;
}
