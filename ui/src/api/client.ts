// Questions to the server. What can fail comes back as a Result with a sentence for the reader.

import type { components } from "./schema.ts";

type Schemas = components["schemas"];
export type Overview = Schemas["Overview"];
export type CaseLine = Schemas["CaseLine"];
export type CaseList = Schemas["CaseList"];
export type CaseView = Schemas["CaseView"];
export type FindingView = Schemas["FindingView"];
export type ActivityView = Schemas["ActivityView"];
export type LaneView = Schemas["LaneView"];
export type HistoryView = Schemas["HistoryView"];
export type KindView = Schemas["KindView"];
export type EventList = Schemas["EventList"];
export type EventLine = Schemas["EventLine"];
export type EventView = Schemas["EventView"];
export type AskedView = Schemas["AskedView"];
export type Judgement = Schemas["Judgement"];
export type Hide = Schemas["Hide"];
export type HiddenBy = Schemas["HiddenBy"];
export type HidingView = Schemas["HidingView"];
export type SuppressionList = Schemas["SuppressionList"];
export type SuppressionView = Schemas["SuppressionView"];
export type Queue = Schemas["Queue"];
export type ReviewView = Schemas["ReviewView"];
export type Guidelines = Schemas["Guidelines"];
export type Figures = Schemas["ReviewFigures"];
export type Estimate = Schemas["EstimateView"];
export type Quality = Schemas["QualityView"];
export type Given = Schemas["Given"];
export type Opinion = Given["opinion"];
export type Verdict = NonNullable<CaseLine["verdict"]>;
export type Bar = Schemas["Bar"];
type Problem = Schemas["Problem"];

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

export interface Answers {
  readonly overview: Overview;
  readonly cases: CaseList;
  readonly case: CaseView;
  readonly activity: ActivityView;
  readonly history: HistoryView;
  readonly kind: KindView;
  readonly events: EventList;
  readonly event: EventView;
  readonly suppressions: SuppressionList;
  readonly guidelines: Guidelines;
  readonly figures: Figures;
}

type Value = string | number | undefined;

/** `/api` plus path parts, each escaped, plus a query of what is not undefined. */
export function to(
  parts: readonly (string | number)[],
  query: Readonly<Record<string, Value>> = {},
): string {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") q.set(key, String(value));
  }
  const text = q.toString();
  const path = ["/api", ...parts.map((p) => encodeURIComponent(p))].join("/");
  return text === "" ? path : `${path}?${text}`;
}

export async function get<K extends keyof Answers>(
  _: K,
  path: string,
  signal: AbortSignal,
): Promise<Result<Answers[K]>> {
  return await fetched<Answers[K]>(path, { signal });
}

export async function judge(caseId: string, judgement: Judgement): Promise<Result<CaseView>> {
  return await send<CaseView>("PUT", to(["cases", caseId, "verdict"]), judgement);
}

/** Asks an account of a case whether it was them, for two days. */
export async function ask(caseId: string, actor: string): Promise<Result<AskedView>> {
  return await send<AskedView>("POST", to(["cases", caseId, "questions"]), { actor });
}

/** What hiding would hide, or, where it is no dry run, hides. */
export async function hide(wanted: Partial<Hide>): Promise<Result<HidingView>> {
  return await send<HidingView>("POST", to(["suppressions"]), wanted);
}

export async function endSuppressions(ids: readonly string[]): Promise<Result<SuppressionList>> {
  return await send<SuppressionList>("POST", to(["suppressions", "end"]), { ids });
}

/** The account that a reviewer has to look at now; it is kept from others for a while. */
export async function nextAccount(reviewer: string): Promise<Result<Queue>> {
  return await send<Queue>("POST", to(["review", "next"]), { reviewer });
}

/** One that a reviewer has judged. */
export async function reviewed(account: string, reviewer: string): Promise<Result<ReviewView>> {
  return await fetched<ReviewView>(to(["review", "accounts"], { account, reviewer }), {});
}

export async function answerAccount(given: Given): Promise<Result<Schemas["Answered"]>> {
  return await send<Schemas["Answered"]>("POST", to(["review", "answers"]), given);
}

/** Learns from all answers; takes as long as it takes. */
export async function retrain(): Promise<Result<Figures>> {
  return await send<Figures>("POST", to(["review", "retrain"]), {});
}

async function send<T>(method: "PUT" | "POST", path: string, body: unknown): Promise<Result<T>> {
  return await fetched<T>(path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function fetched<T>(path: string, init: RequestInit): Promise<Result<T>> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    return { ok: false, error: "the server does not answer; is wheeltapper serve still running?" };
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return { ok: true, value: body as T };
  const problem = body as Problem | undefined;
  return { ok: false, error: problem?.error ?? `the server answered with ${response.status}` };
}
