import { describe, expect, it } from "vitest";
import { around, including, NARROWEST, pan, zoom } from "./span.ts";

const bounds = { start: 0, end: 1_000_000 };

describe("zoom", () => {
  it("keeps what is under the pointer where it is", () => {
    const seen = zoom({ start: 400_000, end: 600_000 }, 450_000, 0.5, bounds);
    expect(seen.end - seen.start).toBe(100_000);
    expect((450_000 - seen.start) / 100_000).toBeCloseTo(0.25);
  });

  it("ends at the narrowest and at the bounds", () => {
    let span = { start: 400_000, end: 600_000 };
    for (let i = 0; i < 50; i++) span = zoom(span, 500_000, 0.5, bounds);
    expect(span.end - span.start).toBe(NARROWEST);
    expect(span.start).toBeLessThanOrEqual(500_000);
    expect(span.end).toBeGreaterThanOrEqual(500_000);
    for (let i = 0; i < 50; i++) span = zoom(span, 500_000, 2, bounds);
    expect(span).toEqual(bounds);
  });
});

describe("pan", () => {
  it("moves without changing the width and stops at the bounds", () => {
    expect(pan({ start: 10, end: 110 }, 40, bounds)).toEqual({ start: 50, end: 150 });
    expect(pan({ start: 10, end: 110 }, -40, bounds)).toEqual({ start: 0, end: 100 });
    expect(pan({ start: 999_900, end: 1_000_000 }, 50, bounds).end).toBe(1_000_000);
  });
});

describe("including", () => {
  it("leaves a window alone that shows it already", () => {
    const span = { start: 0, end: 100_000 };
    expect(including(span, { start: 500, end: 600 }, bounds)).toBe(span);
  });

  it("moves to it, or widens around it", () => {
    const moved = including({ start: 0, end: 100_000 }, { start: 400_000, end: 400_100 }, bounds);
    expect(moved.end - moved.start).toBe(100_000);
    expect(moved.start).toBeLessThan(400_000);
    const wide = including({ start: 0, end: 1000 }, { start: 2000, end: 900_000 }, bounds);
    expect(wide.start).toBeLessThanOrEqual(2000);
    expect(wide.end).toBeGreaterThanOrEqual(900_000);
  });
});

describe("around", () => {
  it("shows what was before and after, of a single moment too", () => {
    const { start, end } = around({ start: 5e9, end: 5e9 });
    expect(end - start).toBe(300 * 60_000);
    expect((start + end) / 2).toBe(5e9);
    const longer = around({ start: 5e9, end: 5e9 + 35 * 60_000 });
    expect(longer.end - longer.start).toBe(50 * 60_000);
  });
});
