import { describe, expect, it } from "vitest";
import { DAY, readersZone, Zone } from "./zone.ts";

const at = Date.parse;
const amsterdam = new Zone("Europe/Amsterdam");

describe("Zone", () => {
  it("shows the clock of its place in winter and in summer", () => {
    expect(amsterdam.clock(at("2026-01-10T11:00:00Z"))).toBe("12:00");
    expect(amsterdam.clock(at("2026-07-10T11:00:00Z"))).toBe("13:00");
    expect(new Zone("Asia/Kathmandu").clock(at("2026-07-10T11:00:00Z"))).toBe("16:45");
    expect(new Zone("UTC").millis(at("2026-07-10T11:00:03.007Z"))).toBe("11:00:03.007");
  });

  it("finds midnight on days of 23 and 25 hours", () => {
    const spring = amsterdam.midnight(at("2026-03-29T12:00:00Z"));
    expect(new Date(spring).toISOString()).toBe("2026-03-28T23:00:00.000Z");
    const autumn = amsterdam.midnight(at("2026-10-25T12:00:00Z"));
    expect(new Date(autumn).toISOString()).toBe("2026-10-24T22:00:00.000Z");
    expect(amsterdam.midnight(at("2026-10-26T12:00:00Z")) - autumn).toBe(25 * (DAY / 24));
  });

  it("undoes itself: the moment of what a clock shows is that moment", () => {
    for (const name of ["Europe/Amsterdam", "America/St_Johns", "Pacific/Chatham", "UTC"]) {
      const zone = new Zone(name);
      for (let ms = at("2026-01-01T10:00:00Z"); ms < at("2027-01-01T00:00:00Z"); ms += 9.7 * DAY) {
        const whole = Math.floor(ms / 60000) * 60000;
        const { year, month, day, hour, minute } = zone.local(whole);
        expect(zone.moment(year, month, day, hour, minute)).toBe(whole);
      }
    }
  });

  it("says a span as one would", () => {
    const start = at("2026-07-10T09:54:10Z");
    expect(amsterdam.span(start, at("2026-07-10T10:29:00Z"), 2026)).toBe("Fri 10 Jul, 11:54–12:29");
    expect(amsterdam.span(start, start + 5000, 2026)).toBe("Fri 10 Jul, 11:54");
    expect(amsterdam.span(start, start + DAY)).toBe(
      "Fri 10 Jul 2026, 11:54 – Sat 11 Jul 2026, 11:54",
    );
  });
});

describe("the reader's zone", () => {
  it("is the browser's, else the workspace's, else UTC", () => {
    expect(readersZone("Europe/Amsterdam", "Asia/Tokyo").name).toBe("Asia/Tokyo");
    expect(readersZone("Europe/Amsterdam", "").name).toBe("Europe/Amsterdam");
    expect(readersZone("Europe/Amsterdam", "Nowhere/Land").name).toBe("Europe/Amsterdam");
    expect(readersZone(undefined, "").name).toBe("UTC");
  });
});
