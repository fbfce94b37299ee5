import { describe, expect, it } from "vitest";
import { type Mark, place } from "./labels.ts";

/** A generator of the same marks every time. */
function marks(seed: number, n: number): Mark[] {
  let state = seed;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return Array.from({ length: n }, () => {
    const left = next() * 900 - 20;
    return { left, right: left + 6 + next() ** 4 * 200, label: next() < 0.2 ? 0 : next() * 160 };
  });
}

describe("labels", () => {
  it("never cross a mark, another label or the edge", () => {
    let placed = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const given = marks(seed, 1 + (seed % 14));
      const taken: [number, number][] = given.map((m) => [m.left, m.right]);
      place(given, 0, 900).forEach((x, i) => {
        if (x === undefined) return;
        placed += 1;
        const to = x + (given[i]?.label ?? 0);
        expect(x).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(900);
        for (const [a, b] of taken) expect(to <= a || x >= b).toBe(true);
        taken.push([x, to]);
      });
    }
    expect(placed).toBeGreaterThan(300);
  });

  it("stand after the mark, else before it", () => {
    const one = { left: 100, right: 110, label: 50 };
    expect(place([one], 0, 900)).toEqual([118]);
    expect(place([one], 0, 130)).toEqual([42]);
    expect(place([one], 90, 130)).toEqual([undefined]);
  });

  it("go to the higher ranked when there is room for one only", () => {
    const crowd = [
      { left: 100, right: 110, label: 80 },
      { left: 104, right: 112, label: 80 },
      { left: 20, right: 30, label: 0 },
      { left: 206, right: 216, label: 0 },
    ];
    expect(place(crowd, 0, 900)).toEqual([118, undefined, undefined, undefined]);
  });
});
