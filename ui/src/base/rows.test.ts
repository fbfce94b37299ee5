import { expect, it } from "vitest";
import { rows } from "./rows.ts";

const at = (left: number, right: number) => ({ left, right });

it("stay in the first row as long as they do not touch", () => {
  expect(rows([at(50, 60), at(0, 40), at(70, 80)], 3)).toEqual([0, 0, 0]);
});

it("go below what was there first", () => {
  expect(rows([at(0, 100), at(20, 30), at(40, 50), at(25, 45)], 3)).toEqual([0, 1, 1, 2]);
});

it("share the last row when there is no other", () => {
  expect(rows([at(0, 9), at(0, 9), at(0, 9), at(0, 9)], 2)).toEqual([0, 1, 1, 1]);
});
