// Where a time axis has its lines, and what stands at them: round times of the reader's clock.

import { DAY, type Zone } from "./zone.ts";

export interface Tick {
  readonly at: number;
  readonly text: string;
  /** A line of the next coarser unit: midnight among hours, a year among months. */
  readonly strong: boolean;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
];
const DAYS = [1, 2, 7, 14];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];
/** 5 January 1970, in days. */
const MONDAY = 4;
const MONTH = 30.44 * DAY;

/** About one tick for `every` of the width, which is 1. */
export function ticks(start: number, end: number, every: number, zone: Zone): Tick[] {
  const ideal = (end - start) * every;
  const step = STEPS.find((s) => s >= ideal);
  if (step !== undefined) return clockTicks(start, end, step, zone);
  const days = DAYS.find((d) => d * DAY >= ideal);
  if (days !== undefined) return dayTicks(start, end, days, zone);
  return monthTicks(start, end, MONTHS.find((m) => m * MONTH >= ideal) ?? 120, zone);
}

function clockTicks(start: number, end: number, step: number, zone: Zone): Tick[] {
  const found: Tick[] = [];
  // From midnight on, so that steps of hours are hours of the local clock even where the zone's
  // offset is no multiple of them; a day with a change of the clock starts its steps anew.
  for (let day = zone.midnight(start); day < end; day = zone.midnight(day + 1.5 * DAY)) {
    const next = zone.midnight(day + 1.5 * DAY);
    const skip = Math.max(0, Math.ceil((start - day) / step));
    for (let at = day + skip * step; at < next && at <= end; at += step) {
      const midnight = at === day;
      const text = midnight
        ? zone.date(at)
        : step < SECOND
          ? zone.millis(at)
          : step < MINUTE
            ? zone.seconds(at)
            : zone.clock(at);
      found.push({ at, text, strong: midnight });
    }
  }
  return found;
}

function dayTicks(start: number, end: number, days: number, zone: Zone): Tick[] {
  const found: Tick[] = [];
  let { year, month, day } = zone.local(start);
  // Mondays, every one or every other, counted from the first of 1970.
  if (days >= 7) day -= (Math.floor(Date.UTC(year, month - 1, day) / DAY) - MONDAY) % days;
  else day -= (day - 1) % days;
  for (;;) {
    const at = zone.moment(year, month, day);
    if (at > end) return found;
    const local = zone.local(at);
    const first = local.day <= days && local.month === 1;
    if (at >= start) found.push({ at, text: zone.date(at), strong: first });
    ({ year, month, day } = local);
    day += days;
    // Two-day steps start anew each month, so that they do not wander while the reader pans.
    if (days === 2 && zone.local(zone.moment(year, month, day)).month !== month) {
      day = 1;
      month += 1;
    }
  }
}

function monthTicks(start: number, end: number, months: number, zone: Zone): Tick[] {
  const found: Tick[] = [];
  const local = zone.local(start);
  let count = local.year * 12 + local.month - 1;
  count -= count % months;
  for (;;) {
    const at = zone.moment(Math.floor(count / 12), (count % 12) + 1, 1);
    if (at > end) return found;
    const { year, month } = zone.local(at);
    if (at >= start) {
      found.push({
        at,
        text: month === 1 || months >= 12 ? String(year) : zone.month(at),
        strong: month === 1,
      });
    }
    count += months;
  }
}
