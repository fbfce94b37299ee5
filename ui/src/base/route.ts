// The address of a view: everything the reader chose is in it, so that back works and links hold.

import type { Span } from "./span.ts";

export const LANES = ["app", "detector", "session", "device"] as const;
export type Lane = (typeof LANES)[number];
export type Tab = "open" | "closed";

export interface Route {
  readonly case: string | undefined;
  readonly finding: number | undefined;
  readonly event: string | undefined;
  readonly tab: Tab;
  readonly search: string;
  readonly lane: Lane;
  readonly window: Span | undefined;
}

const PATH = /^\/cases\/([^/]+)(?:\/findings\/(\d+))?(?:\/events\/([0-9a-f]+))?\/?$/;

export function parse(path: string, query: string): Route {
  const [, id, finding, event] = PATH.exec(path) ?? [];
  const q = new URLSearchParams(query);
  const lane = LANES.find((l) => l === q.get("lane")) ?? "app";
  const start = Date.parse(q.get("from") ?? "");
  const end = Date.parse(q.get("to") ?? "");
  return {
    case: id === undefined ? undefined : decoded(id),
    finding: finding === undefined ? undefined : Number(finding),
    event,
    tab: q.get("tab") === "closed" ? "closed" : "open",
    search: q.get("q") ?? "",
    lane,
    window: end > start ? { start, end } : undefined,
  };
}

export function address(route: Route): string {
  let path = "/";
  if (route.case !== undefined) {
    path = `/cases/${encodeURIComponent(route.case)}`;
    if (route.finding !== undefined) path += `/findings/${route.finding}`;
    if (route.event !== undefined) path += `/events/${route.event}`;
  }
  const q = new URLSearchParams();
  if (route.tab !== "open") q.set("tab", route.tab);
  if (route.search !== "") q.set("q", route.search);
  if (route.lane !== "app") q.set("lane", route.lane);
  if (route.window) {
    q.set("from", new Date(route.window.start).toISOString());
    q.set("to", new Date(route.window.end).toISOString());
  }
  const query = q.toString().replaceAll("%3A", ":");
  return query === "" ? path : `${path}?${query}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
