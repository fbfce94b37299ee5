// A time zone: what a clock and a calendar there show at a moment. Moments are milliseconds since
// 1970, UTC. Zones without whole-hour offsets and days of 23 or 25 hours count.

export interface Local {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  constructor(readonly name: string) {
    this.#format = new Intl.DateTimeFormat("en-GB", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  }

  /** Milliseconds east of UTC at a moment. */
  offset(ms: number): number {
    // Zones change on quarter hours only; asking Intl is slow.
    const key = Math.floor(ms / (15 * MINUTE));
    let known = this.#offsets.get(key);
    if (known === undefined) {
      const at = key * 15 * MINUTE;
      const part: Record<string, number> = {};
      for (const { type, value } of this.#format.formatToParts(at)) part[type] = Number(value);
      const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
      known = Date.UTC(year, month - 1, day, hour, minute, second) - at;
      this.#offsets.set(key, known);
    }
    return known;
  }

  local(ms: number): Local {
    const at = new Date(ms + this.offset(ms));
    return {
      year: at.getUTCFullYear(),
      month: at.getUTCMonth() + 1,
      day: at.getUTCDate(),
      hour: at.getUTCHours(),
      minute: at.getUTCMinutes(),
      second: at.getUTCSeconds(),
      weekday: at.getUTCDay(),
    };
  }

  /** The moment at which a clock here shows this; day 0 and month 13 roll over. */
  moment(year: number, month: number, day: number, hour = 0, minute = 0): number {
    const as_utc = Date.UTC(year, month - 1, day, hour, minute);
    const guess = as_utc - this.offset(as_utc);
    return as_utc - this.offset(guess);
  }

  midnight(ms: number): number {
    const { year, month, day } = this.local(ms);
    return this.moment(year, month, day);
  }

  /** `11:54` */
  clock(ms: number): string {
    const { hour, minute } = this.local(ms);
    return `${two(hour)}:${two(minute)}`;
  }

  /** `11:54:03` */
  seconds(ms: number): string {
    return `${this.clock(ms)}:${two(this.local(ms).second)}`;
  }

  /** `11:54:03.250` */
  millis(ms: number): string {
    return `${this.seconds(ms)}.${String(Math.floor(ms) % 1000).padStart(3, "0")}`;
  }

  /** `12 May` */
  date(ms: number): string {
    const { day, month } = this.local(ms);
    return `${day} ${MONTHS[month - 1]}`;
  }

  /** `12 May 2026` */
  fullDate(ms: number): string {
    return `${this.date(ms)} ${this.local(ms).year}`;
  }

  month(ms: number): string {
    const { month } = this.local(ms);
    return MONTHS[month - 1] ?? "";
  }

  weekday(ms: number): string {
    return WEEKDAYS[this.local(ms).weekday] ?? "";
  }

  /** `Fri 10 Jul, 11:54–12:29`, or with two dates; the year where it is not `thisYear`. */
  span(start: number, end: number, thisYear?: number): string {
    const day = (ms: number) =>
      `${this.weekday(ms).slice(0, 3)} ${this.date(ms)}${this.local(ms).year === thisYear ? "" : ` ${this.local(ms).year}`}`;
    if (this.midnight(start) !== this.midnight(end)) {
      return `${day(start)}, ${this.clock(start)} – ${day(end)}, ${this.clock(end)}`;
    }
    const from = this.clock(start);
    const to = this.clock(end);
    return `${day(start)}, ${from === to ? from : `${from}–${to}`}`;
  }
}

/** The zone of whoever looks: the browser's, else that of the workspace, else UTC. */
export function readersZone(
  workspaces: string | undefined,
  own: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone,
): Zone {
  for (const name of [own, workspaces]) {
    if (name === undefined || name === "") continue;
    try {
      return new Zone(name);
    } catch {
      // A zone that this browser does not know.
    }
  }
  return new Zone("UTC");
}

export function two(n: number): string {
  return String(n).padStart(2, "0");
}
