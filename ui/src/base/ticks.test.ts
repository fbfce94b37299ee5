import { describe, expect, it } from "vitest";
import { ticks } from "./ticks.ts";
import { DAY, Zone } from "./zone.ts";

const at = Date.parse;
const amsterdam = new Zone("Europe/Amsterdam");
const texts = (start: string, end: string, every = 0.12) =>
  ticks(at(start), at(end), every, amsterdam).map((t) => t.text);

describe("ticks", () => {
  it("stand at round times of the local clock", () => {
    expect(texts("2026-07-10T09:50:00Z", "2026-07-10T10:40:00Z")).toContain("12:00");
    expect(texts("2026-07-10T04:00:00Z", "2026-07-10T22:30:00Z")).toEqual([
      "06:00",
      "09:00",
      "12:00",
      "15:00",
      "18:00",
      "21:00",
      "11 Jul",
    ]);
  });

  it("are as fine as milliseconds and as coarse as decades", () => {
    expect(texts("2026-07-10T10:00:00.000Z", "2026-07-10T10:00:00.200Z")[1]).toBe("12:00:00.050");
    expect(texts("1999-01-01T12:00:00Z", "2022-01-01T12:00:00Z")).toContain("2005");
  });

  it("name Mondays, months and years", () => {
    expect(texts("2026-05-12T00:00:00Z", "2026-07-10T00:00:00Z", 0.11)[0]).toBe("18 May");
    expect(texts("2025-09-12T00:00:00Z", "2026-07-10T00:00:00Z")).toEqual(
      "Nov 2026 Mar May Jul".split(" "),
    );
  });

  it("stay where they are while the reader pans", () => {
    const first = (start: string) => ticks(at(start), at(start) + 90 * DAY, 0.12, amsterdam);
    const seen = new Set(first("2026-05-01T00:00:00Z").map((t) => t.at));
    const later = first("2026-05-09T00:00:00Z").filter((t) => t.at < at("2026-07-20T00:00:00Z"));
    expect(later.length).toBeGreaterThan(2);
    for (const tick of later) expect(seen.has(tick.at)).toBe(true);
  });

  it("lie within the window, in order, never very many, whatever the width", () => {
    for (const width of [200, 5e3, 6e5, 4e6, DAY, 6 * DAY, 30 * DAY, 400 * DAY, 9000 * DAY]) {
      for (const start of [at("2026-03-28T21:17:03Z"), at("2026-10-24T20:00:00Z")]) {
        const found = ticks(start, start + width, 0.1, amsterdam);
        expect(found.length, `${width}`).toBeGreaterThan(0);
        expect(found.length, `${width}`).toBeLessThan(14);
        for (const [i, tick] of found.entries()) {
          expect(tick.at).toBeGreaterThanOrEqual(start);
          expect(tick.at).toBeLessThanOrEqual(start + width);
          expect(tick.at).toBeGreaterThan(found[i - 1]?.at ?? 0);
        }
      }
    }
  });
});
