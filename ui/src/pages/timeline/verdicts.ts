// What a reader can say about a case.

import type { CaseLine, Verdict } from "../../api/client.ts";

export interface Choice {
  readonly verdict: Verdict;
  readonly label: string;
  readonly key: string;
  readonly meaning: string;
}

export const VERDICTS: readonly Choice[] = [
  { verdict: "malicious", label: "Malicious", key: "1", meaning: "somebody meant harm" },
  {
    verdict: "policy_violation",
    label: "Policy",
    key: "2",
    meaning: "no harm meant, but against the rules",
  },
  { verdict: "benign_expected", label: "Expected", key: "3", meaning: "right, and known to be" },
  {
    verdict: "benign_unusual",
    label: "Unusual",
    key: "4",
    meaning: "harmless, but rightly shown",
  },
  {
    verdict: "wrong_data",
    label: "Wrong data",
    key: "5",
    meaning: "the log or its reading is at fault",
  },
];

const SAID: Record<Verdict, string> = {
  malicious: "Malicious",
  policy_violation: "Policy violation",
  benign_expected: "Expected",
  benign_unusual: "Unusual but harmless",
  wrong_data: "Wrong data",
};

export function said(verdict: Verdict | null): string {
  return verdict === null ? "Opened again" : SAID[verdict];
}

/** The verdict that stands: one on a case that was opened again has to be given again. */
export function given(shown: Pick<CaseLine, "status" | "verdict">): Verdict | null {
  return shown.status === "reopened" ? null : shown.verdict;
}
