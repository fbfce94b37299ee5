import { expect, test } from "vitest";
import type { FindingView } from "../../api/client.ts";
import { Zone } from "../../base/zone.ts";
import { hiddenBy, sizeOf } from "./greyed.ts";

const by = { id: "a1", by: "ana", reason: "", made: "", until: "2027-02-12T23:30:00Z" };

test("who hides it, until when in the reader's zone, and why", () => {
  const zone = new Zone("Europe/Amsterdam");
  expect(hiddenBy(by, zone)).toBe("hidden until 13 Feb 2027 by ana");
  expect(hiddenBy({ ...by, reason: "she moved" }, new Zone("UTC"))).toBe(
    "hidden until 12 Feb 2027 by ana: she moved",
  );
});

test("what is greyed is small, however surprising", () => {
  const loud = { bits: 20, hidden: null } as FindingView;
  expect(sizeOf(loud)).toBe("hot");
  expect(sizeOf({ ...loud, hidden: by })).toBe("mild");
});
