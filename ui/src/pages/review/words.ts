// What a reviewer can say about an account, and what is said of it.

import type { Opinion } from "../../api/client.ts";

export interface Choice {
  readonly opinion: Opinion;
  readonly label: string;
  readonly key: string;
  readonly meaning: string;
}

export const OPINIONS: readonly Choice[] = [
  {
    opinion: "fraud",
    label: "Fraudulent",
    key: "1",
    meaning: "made or used to harm or deceive others",
  },
  { opinion: "honest", label: "Honest", key: "2", meaning: "a person, however odd" },
  { opinion: "unsure", label: "Unsure", key: "3", meaning: "another reviewer decides" },
  { opinion: "escalate", label: "Escalate", key: "4", meaning: "somebody who knows more decides" },
];

const STATES: Readonly<Record<string, string>> = {
  responded: "the policy acted by itself",
  waiting: "waits for a reviewer",
  second: "waits for a second reviewer",
  escalated: "escalated: somebody decides between others",
  appealed: "appealed: somebody new looks again",
  decided: "decided",
};

const STEPS: Readonly<Record<string, string>> = {
  allow: "nothing",
  rate_limit: "slowed down",
  verify: "asked to verify itself",
  hold: "on hold",
  review: "nothing until you decide",
  remove: "removed",
  restore: "restored",
};

const REASONS: Readonly<Record<string, string>> = {
  uncertain: "the model is unsure",
  novel: "like nothing judged so far",
  costly: "much harm if it is fraud",
  random: "random sample",
  policy: "the policy asks for it",
  appeal: "appealed",
  check: "check on reviewers",
  "": "other",
};

export const stateOf = (state: string): string => STATES[state] ?? state;
export const stepOf = (step: string): string => STEPS[step] ?? step;
export const reasonOf = (via: string): string => REASONS[via] ?? via;

export function labelOf(opinion: string): string {
  return OPINIONS.find((o) => o.opinion === opinion)?.label ?? opinion;
}

/** `12 %`, `1.2 %`, `0.12 %`: two digits. */
export function percent(share: number): string {
  const p = share * 100;
  return `${p >= 10 || p === 0 ? p.toFixed(0) : p >= 1 ? p.toFixed(1) : p.toFixed(2)} %`;
}
