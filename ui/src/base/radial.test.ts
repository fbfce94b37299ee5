import { expect, test } from "vitest";
import { radial } from "./radial.ts";

test("the first is in the middle, and each step is one ring further out", () => {
  const places = radial(4, [
    { a: 0, b: 1 },
    { a: 1, b: 2 },
    { a: 1, b: 3 },
  ]);
  expect(places[0]).toEqual({ x: 0, y: 0, ring: 0 });
  expect(places.map((p) => p.ring)).toEqual([0, 1, 2, 2]);
  expect(places.map((p) => Math.hypot(p.x, p.y))).toEqual([
    0,
    expect.closeTo(0.5),
    expect.closeTo(1),
    expect.closeTo(1),
  ]);
});

test("what belongs together lies together, and nobody in another's place", () => {
  const ties = [
    ...[1, 2].map((b) => ({ a: 0, b })),
    ...[3, 4, 5].map((b) => ({ a: 1, b })),
    ...[6, 7, 8].map((b) => ({ a: 2, b })),
  ];
  const places = radial(9, ties);
  const right = places.slice(3, 6).every((p) => p.x > 0);
  const left = places.slice(6).every((p) => p.x < 0);
  expect([right, left]).toEqual([true, true]);
  expect(new Set(places.map((p) => `${p.x.toFixed(3)} ${p.y.toFixed(3)}`)).size).toBe(9);
});

test("who shares a thing lies beyond it, even where they are tied to the middle as well", () => {
  const things = [
    { a: 0, b: 1 },
    { a: 1, b: 2 },
  ];
  const places = radial(4, things, [
    { a: 0, b: 2 },
    { a: 0, b: 3 },
  ]);
  expect(places.map((p) => p.ring)).toEqual([0, 1, 2, 1]);
});

test("what nothing ties is told apart, and an empty picture is empty", () => {
  expect(radial(2, [])[1]?.ring).toBe(-1);
  expect(radial(0, [])).toEqual([]);
});
