import { expect, test } from "vitest";
import { labelOf, percent, stepOf } from "./words.ts";

test("shares have two digits", () => {
  expect([0, 0.0012, 0.012, 0.12, 1].map(percent)).toEqual([
    "0 %",
    "0.12 %",
    "1.2 %",
    "12 %",
    "100 %",
  ]);
});

test("what the page does not know is told as it came", () => {
  expect(labelOf("fraud")).toBe("Fraudulent");
  expect(labelOf("new")).toBe("new");
  expect(stepOf("new")).toBe("new");
});
