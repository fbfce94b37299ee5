import { describe, expect, it } from "vitest";
import {
  addedUp,
  counted,
  detectorName,
  duration,
  figure,
  heat,
  moved,
  rarity,
  rarityInFull,
  share,
  usual,
} from "./words.ts";

describe("rarity", () => {
  it("has two digits and a unit", () => {
    expect(rarity(212_927)).toBe("1 in 210 k");
    expect(rarity(8_780)).toBe("1 in 8.8 k");
    expect(rarity(999_999)).toBe("1 in 1 M");
    expect(rarity(40)).toBe("1 in 40");
    expect(rarity(3.2e9)).toBe("1 in 3.2 bn");
    expect(rarity(2 ** 60)).toBe("rarer than 1 in 1,000 bn");
    expect(rarityInFull(212_927)).toBe("1 in 210,000");
  });

  it("does not call the usual rare", () => {
    expect(rarity(1)).toBe("ordinary");
    expect(rarityInFull(1)).toBe("nothing unusual");
  });
});

describe("heat", () => {
  it("has three steps", () => {
    expect([20, 12, 11.9, 8.5, 8.4, 0].map(heat)).toEqual([
      "hot",
      "hot",
      "warm",
      "warm",
      "mild",
      "mild",
    ]);
  });
});

describe("usual", () => {
  const with60 = { historyDays: 60, daysAgo: 1 };
  it("says how usual a lane is", () => {
    expect(usual({ before: 0, days: 0, ...with60, daysAgo: undefined })).toBe("never before");
    expect(usual({ before: 900, days: 44, ...with60 })).toBe("daily");
    expect(usual({ before: 103, days: 12, ...with60 })).toBe("12 acts a week");
    expect(usual({ before: 9, days: 1, ...with60 })).toBe("on one day before");
    expect(usual({ before: 9, days: 3, ...with60 })).toBe("on 3 days before");
    expect(usual({ before: 9, days: 3, historyDays: 90, daysAgo: 45 })).toBe("last 45 days ago");
  });

  it("claims nothing without history", () => {
    expect(usual({ before: 0, days: 0, historyDays: 0, daysAgo: undefined })).toBe("no history");
    expect(usual({ before: 1, days: 1, historyDays: 2, daysAgo: 1 })).toBe("1 act before");
  });
});

describe("counts and durations", () => {
  it("agree in number", () => {
    expect(counted(1, "act")).toBe("1 act");
    expect(counted(41_203, "act")).toBe("41,203 acts");
    expect(duration(35 * 60_000)).toBe("35 minutes");
    expect(duration(61_000)).toBe("1 minute");
    expect(duration(400 * 864e5)).toBe("400 days");
    expect(duration(12)).toBe("12 milliseconds");
  });

  it("say what verdicts did", () => {
    expect(moved(-2.06)).toBe("lowered by 2.1 bits");
    expect(moved(0.5)).toBe("raised by 0.5 bits");
  });

  it("show figures without noise", () => {
    expect([0, 0.001, 0.25, 3.1234, 1234.5].map(figure)).toEqual([
      "0",
      "less than 0.01",
      "0.25",
      "3.1",
      "1,235",
    ]);
    expect(detectorName("cloudtrail.new_action")).toBe("new action");
  });
});

describe("shares of the evidence", () => {
  it("say how much, and most or all of it", () => {
    expect(share(10.1, 18.3, 10.1)).toBe("10.1 bits, most (55 %) of the evidence");
    expect(share(4.6, 18.3, 4.6)).toBe("4.6 bits, 25 % of the evidence");
    expect(share(26.1, 26.1, 26.1)).toBe("26.1 bits, all of the evidence");
    expect(share(0, 18.3, 3)).toBe("counted with another finding");
    expect(share(0, 18.3, 0)).toBe("next to nothing");
  });

  it("add up to the evidence", () => {
    expect(addedUp([10.1, 4.6, 3.6], 18.3)).toBe("18.3 bits = 10.1 + 4.6 + 3.6");
    expect(addedUp([5, 4, 3, 2, 1, 1, 1], 18)).toBe(
      "18.0 bits = 5.0 + 4.0 + 3.0 + 2.0 + 1.0 + 3.0 of the rest",
    );
    expect(addedUp([26.1], 26.1)).toBe("26.1 bits");
  });
});
