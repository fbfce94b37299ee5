// A span of time that is looked at, and how it moves. All in milliseconds.

export interface Span {
  readonly start: number;
  readonly end: number;
}

export const NARROWEST = 200;

const MINUTE = 60_000;

/**
 * What a case opens with: its own span with a little of what was before and after; of a short one
 * some hours, so that what was ordinary then is seen.
 */
export function around(span: Span): Span {
  const width = span.end - span.start;
  const half = width < 10 * MINUTE ? 150 * MINUTE : Math.max(width * 0.62, 25 * MINUTE);
  const middle = (span.start + span.end) / 2;
  return { start: Math.floor(middle - half), end: Math.ceil(middle + half) };
}

/** `factor` below 1 looks closer; what is at `at` stays where it is. */
export function zoom(span: Span, at: number, factor: number, bounds: Span): Span {
  const width = span.end - span.start;
  const widest = bounds.end - bounds.start;
  const wanted = Math.min(Math.max(width * factor, NARROWEST), Math.max(widest, NARROWEST));
  const share = (at - span.start) / width;
  return kept({ start: at - share * wanted, end: at + (1 - share) * wanted }, bounds);
}

export function pan(span: Span, by: number, bounds: Span): Span {
  return kept({ start: span.start + by, end: span.end + by }, bounds);
}

/** The span that shows `wanted` whole: itself when it does already. */
export function including(span: Span, wanted: Span, bounds: Span): Span {
  if (wanted.start >= span.start && wanted.end <= span.end) return span;
  const width = span.end - span.start;
  if (wanted.end - wanted.start > width * 0.9) return kept(around(wanted), bounds);
  const middle = (wanted.start + wanted.end) / 2;
  return kept({ start: middle - width / 2, end: middle + width / 2 }, bounds);
}

/** Moved, not cut, to where there is something to see. */
function kept({ start, end }: Span, bounds: Span): Span {
  const width = end - start;
  const low = Math.min(Math.max(start, bounds.start), Math.max(bounds.start, bounds.end - width));
  return { start: Math.round(low), end: Math.round(low + width) };
}
