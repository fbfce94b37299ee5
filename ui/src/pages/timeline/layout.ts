// Where lanes and marks lie from top to bottom. It follows from how the whole case looks, not from
// the window, so that nothing jumps while the reader zooms.

import type { FindingView, LaneView } from "../../api/client.ts";
import { rows } from "../../base/rows.ts";
import type { Span } from "../../base/span.ts";
import type { Heat } from "../../base/words.ts";
import { sizeOf } from "./greyed.ts";

export const MARK_PX: Record<Heat, number> = { hot: 18, warm: 14, mild: 11 };
export const NARROWEST_PX: Record<Heat, number> = { hot: 9, warm: 7, mild: 6 };
const LANE_PX = 36;
const ROW_PX = 21;
const MOST_ROWS = 4;

export interface Layout {
  /** Of each lane. */
  readonly tops: readonly number[];
  readonly heights: readonly number[];
  /** Middle of each finding's mark, by its number. */
  readonly middles: ReadonlyMap<number, number>;
  readonly height: number;
}

export function layoutOf(
  lanes: readonly LaneView[],
  found: readonly FindingView[],
  whole: Span,
  width: number,
): Layout {
  const perMs = width / (whole.end - whole.start);
  const tops: number[] = [];
  const heights: number[] = [];
  const middles = new Map<number, number>();
  let top = 0;
  for (const lane of lanes) {
    const marks = lane.marks.flatMap((n) => found[n - 1] ?? []);
    const placed = rows(
      marks.map((f) => {
        const left = Date.parse(f.first) * perMs;
        const right = Math.max(Date.parse(f.last) * perMs, left + NARROWEST_PX[sizeOf(f)]);
        return { left, right };
      }),
      MOST_ROWS,
    );
    const count = Math.max(1, ...placed.map((row) => row + 1));
    const height = LANE_PX + (count - 1) * ROW_PX;
    for (const [i, f] of marks.entries()) {
      middles.set(f.n, top + LANE_PX / 2 - 2 + (placed[i] ?? 0) * ROW_PX);
    }
    tops.push(top);
    heights.push(height);
    top += height;
  }
  return { tops, heights, middles, height: top };
}
