// One case: what it says, the actor's own history, the timeline, and the evidence below.

import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type CaseView, to, type Verdict } from "../../api/client.ts";
import { useAnswer } from "../../api/use.ts";
import type { Route } from "../../base/route.ts";
import { around, including, pan, type Span, zoom } from "../../base/span.ts";
import type { Zone } from "../../base/zone.ts";
import { Drawer } from "./Drawer.tsx";
import { Head } from "./Head.tsx";
import { useKeys } from "./keys.ts";
import { Lanes } from "./Lanes.tsx";
import type { Go } from "./navigation.ts";
import { Overview } from "./Overview.tsx";

interface Props {
  readonly case: CaseView;
  readonly route: Route;
  readonly go: Go;
  readonly zone: Zone;
  readonly judge: (verdict: Verdict | null, reason: string) => void;
  readonly end: (suppressions: readonly string[]) => Promise<void>;
  /** What the verdict leads to. */
  readonly offer: ComponentChildren;
}

const BUCKETS = 720;

export function CasePane({ case: shown, route, go, zone, judge, end, offer }: Props) {
  const own = useMemo(() => spanOf(shown), [shown]);
  const home = useMemo(() => around(own), [own]);
  const history = useAnswer("history", to(["cases", shown.id, "history"]));
  const bounds = useMemo(() => {
    const bars = history.value?.bars ?? [];
    const first = bars[0];
    const last = bars[bars.length - 1];
    return {
      start: Math.min(home.start, first ? Date.parse(first.start) : home.start),
      end: Math.max(home.end, last ? Date.parse(last.end) : home.end),
    };
  }, [history.value, home]);

  const [window, setWindow] = useWindow(route, go, own, shown.id);
  const selected = shown.found.find((f) => f.n === route.finding);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new choice moves the window
  useEffect(() => {
    if (!selected) return;
    const wanted = { start: Date.parse(selected.first), end: Date.parse(selected.last) };
    const next = including(window, wanted, bounds);
    if (next !== window) setWindow(next);
  }, [selected?.n]);

  // Half a window more at each side, so that there is something to see while the reader moves.
  const half = (window.end - window.start) / 2;
  const activity = useAnswer(
    "activity",
    to(["cases", shown.id, "activity"], {
      start: new Date(window.start - half).toISOString(),
      end: new Date(window.end + half).toISOString(),
      lane: route.lane,
      buckets: BUCKETS,
    }),
    { wait: 100 },
  );

  const middle = (window.start + window.end) / 2;
  const width = window.end - window.start;
  useKeys({
    "+": () => setWindow(zoom(window, middle, 0.5, bounds)),
    "=": () => setWindow(zoom(window, middle, 0.5, bounds)),
    "-": () => setWindow(zoom(window, middle, 2, bounds)),
    "−": () => setWindow(zoom(window, middle, 2, bounds)),
    "0": () => setWindow(home),
    "Shift ArrowLeft": () => setWindow(pan(window, -width / 4, bounds)),
    "Shift ArrowRight": () => setWindow(pan(window, width / 4, bounds)),
  });

  return (
    <article class="case">
      <Head case={shown} judge={judge} zone={zone} />
      {offer}
      <Overview
        asked={history}
        case={shown}
        own={own}
        window={window}
        zone={zone}
        onWindow={setWindow}
      />
      <Lanes
        asked={activity}
        case={shown}
        lane={route.lane}
        selected={selected?.n}
        window={window}
        home={home}
        bounds={bounds}
        zone={zone}
        onWindow={setWindow}
        onLane={(lane) => go({ case: shown.id, lane })}
        onSelect={(n) => go({ case: shown.id, finding: n, event: undefined })}
        onReset={() => setWindow(home)}
      />
      <Drawer
        case={shown}
        selected={selected}
        route={route}
        go={go}
        zone={zone}
        window={window}
        end={end}
      />
    </article>
  );
}

export function spanOf(shown: CaseView): Span {
  const times = [shown.start, shown.end, ...shown.found.flatMap((f) => [f.first, f.last])];
  const all = times.map((t) => Date.parse(t));
  return { start: Math.min(...all), end: Math.max(...all) };
}

/** The window that is looked at: moves at once, and stands in the address soon after. */
function useWindow(route: Route, go: Go, own: Span, id: string) {
  const opening = useMemo(() => route.window ?? around(own), [route.window, own]);
  const [window, set] = useState(opening);
  const written = useRef<Span | undefined>(route.window);
  const timer = useRef(0);
  useEffect(() => {
    // The address changed by something else: back, a link, a key.
    if (same(route.window, written.current)) return;
    written.current = route.window;
    set(route.window ?? around(own));
  }, [route.window, own]);
  const setWindow = useCallback(
    (next: Span) => {
      set(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        const home = same(next, around(own));
        written.current = home ? undefined : next;
        go({ case: id, window: written.current }, { replace: true });
      }, 250) as unknown as number;
    },
    [go, own, id],
  );
  useEffect(() => () => clearTimeout(timer.current), []);
  return [window, setWindow] as const;
}

function same(a: Span | undefined, b: Span | undefined): boolean {
  return a?.start === b?.start && a?.end === b?.end;
}
