// Figures in words: how rare, how usual, how many. Nobody has to know what a bit is.

export type Heat = "hot" | "warm" | "mild";

const HOT_BITS = 12; // rarer than 1 in 4,096
const WARM_BITS = 8.5; // rarer than 1 in 362

/** Three steps of surprise from bits; told by hue and by size. */
export function heat(bits: number): Heat {
  if (bits >= HOT_BITS) return "hot";
  return bits >= WARM_BITS ? "warm" : "mild";
}

const number = new Intl.NumberFormat("en-GB");

export function count(n: number): string {
  return number.format(n);
}

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** What verdicts did to evidence: `lowered by 2.1 bits`. */
export function moved(bits: number): string {
  return `${bits < 0 ? "lowered" : "raised"} by ${Math.abs(bits).toFixed(1)} bits`;
}

/** `10.1 bits, most (55 %) of the evidence`: what a finding adds, of all that was added up. */
export function share(adds: number, evidence: number, bits: number): string {
  if (adds < 0.05) return bits < 0.05 ? "next to nothing" : "counted with another finding";
  const of = adds / evidence;
  const percent = `${Math.max(1, Math.round(100 * of))} %`;
  const said = of > 0.995 ? "all" : of > 0.505 ? `most (${percent})` : percent;
  return `${adds.toFixed(1)} bits, ${said} of the evidence`;
}

/** `18.3 bits = 10.1 + 4.6 + 3.6`: how the evidence comes about, weightiest first. */
export function addedUp(parts: readonly number[], evidence: number): string {
  const told = parts
    .filter((part) => part >= 0.05)
    .sort((a, b) => b - a)
    .slice(0, 5);
  const tenths = told.reduce((sum, part) => sum + Math.round(part * 10), 0);
  const left = Math.round(evidence * 10) - tenths;
  const terms = told.map((part) => part.toFixed(1));
  if (left > 0) terms.push(`${(left / 10).toFixed(1)} of the rest`);
  const total = `${evidence.toFixed(1)} bits`;
  return terms.length > 1 ? `${total} = ${terms.join(" + ")}` : total;
}

/** `1 in 210 k` from 208,117: two digits are all that such a figure can bear. */
export function rarity(oneIn: number): string {
  if (oneIn < 2) return "ordinary";
  if (oneIn >= 1e12) return "rarer than 1 in 1,000 bn";
  for (const [unit, name] of [
    [1e9, "bn"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    const n = twoDigits(oneIn);
    if (n >= unit) return `1 in ${count(n / unit)} ${name}`;
  }
  return `1 in ${count(twoDigits(oneIn))}`;
}

/** `1 in 210,000` */
export function rarityInFull(oneIn: number): string {
  if (oneIn < 2) return "nothing unusual";
  if (oneIn >= 1e12) return "rarer than 1 in 1,000 billion";
  return `1 in ${count(twoDigits(oneIn))}`;
}

function twoDigits(n: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1);
  return Math.round(n / unit) * unit;
}

export interface Before {
  readonly before: number;
  readonly days: number;
  /** Days of history before the case. */
  readonly historyDays: number;
  /** Days since the last act, where there was one. */
  readonly daysAgo: number | undefined;
}

/** How usual a lane is for an actor: `never before`, `daily`, `12 acts a week`. */
export function usual({ before, days, historyDays, daysAgo }: Before): string {
  if (before === 0) return historyDays > 0 ? "never before" : "no history";
  if (historyDays < 7) return `${counted(before, "act")} before`;
  if (daysAgo !== undefined && daysAgo >= 30) return `last ${count(daysAgo)} days ago`;
  const aWeek = days / (historyDays / 7);
  if (aWeek >= 3.5) return "daily";
  if (aWeek >= 0.9)
    return `${count(Math.max(1, Math.round(before / (historyDays / 7))))} acts a week`;
  if (days === 1) return "on one day before";
  return `on ${count(days)} days before`;
}

/** `35 minutes`, `2 hours`, `3 days`: one unit, rounded. */
export function duration(ms: number): string {
  for (const [unit, name] of [
    [365.25 * 864e5, "year"],
    [864e5, "day"],
    [36e5, "hour"],
    [6e4, "minute"],
    [1e3, "second"],
  ] as const) {
    const n = ms / unit;
    if (n >= (name === "year" ? 2 : 1)) return counted(Math.round(n), name);
  }
  return counted(Math.round(ms), "millisecond");
}

/** A detector's name as words: `cloudtrail.new_action` is `new action`. */
export function detectorName(name: string): string {
  return name.slice(name.indexOf(".") + 1).replaceAll(/[_-]+/g, " ");
}

/** 3.14159 as `3.1`, 1234.5 as `1,235`. */
export function figure(n: number): string {
  if (n !== 0 && Math.abs(n) < 0.01) return "less than 0.01";
  return new Intl.NumberFormat("en-GB", {
    maximumFractionDigits: Math.abs(n) >= 100 ? 0 : Math.abs(n) >= 1 ? 1 : 2,
  }).format(n);
}
