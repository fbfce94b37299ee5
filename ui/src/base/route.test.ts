import { describe, expect, it } from "vitest";
import { address, parse, type Route } from "./route.ts";

const home: Route = {
  case: undefined,
  finding: undefined,
  event: undefined,
  tab: "open",
  search: "",
  lane: "app",
  window: undefined,
};
const views: Route[] = [
  home,
  { ...home, case: "c-1" },
  { ...home, case: "a/b ?#%é", finding: 3, search: "kim & co", tab: "closed" },
  {
    ...home,
    case: "c-1",
    finding: 12,
    event: "00ff",
    lane: "session",
    window: { start: 1_783_677_240_000, end: 1_783_677_240_250 },
  },
  { ...home, case: "c-1", event: "ab" },
];

describe("the address of a view", () => {
  it("says everything about it", () => {
    for (const view of views) {
      const { pathname, search } = new URL(address(view), "http://localhost");
      expect(parse(pathname, search)).toEqual(view);
    }
  });

  it("is short where nothing was chosen", () => {
    expect(address(home)).toBe("/");
    expect(address({ ...home, case: "c-1", finding: 2 })).toBe("/cases/c-1/findings/2");
  });

  it("that makes no sense shows what it can", () => {
    expect(parse("/nowhere", "?lane=x&from=yesterday&to=&tab=y")).toEqual(home);
    expect(parse("/cases/%E0%A4%A", "").case).toBe("%E0%A4%A");
    expect(parse("/cases/a", "?from=2026-07-10T10:00:00Z&to=2026-07-10T09:00:00Z").window).toBe(
      undefined,
    );
  });
});
