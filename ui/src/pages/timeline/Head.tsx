// The head of a case: the sentence, what supports it in four facts, and the reader's verdict.

import { useState } from "preact/hooks";
import type { CaseView, Verdict } from "../../api/client.ts";
import { addedUp, count, counted, heat, moved, rarityInFull } from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";
import { Ask } from "./Ask.tsx";
import { given, said, VERDICTS } from "./verdicts.ts";

interface Props {
  readonly case: CaseView;
  readonly judge: (verdict: Verdict | null, reason: string) => void;
  readonly zone: Zone;
}

/** What `one in` counts, by the kind of entity. */
const UNIT: Readonly<Record<string, string>> = {
  actor: "actor-days",
  src_ip: "address-days",
  device: "device-days",
  target: "target-days",
};

export function Head({ case: shown, judge, zone }: Props) {
  const many = shown.kind !== "story";
  const unnamed = many
    ? shown.members - [shown, ...shown.others].filter((o) => o.entity_type === "actor").length
    : 0;
  return (
    <header class="head">
      <div class="verdicts" role="group" aria-label="Your verdict">
        {VERDICTS.map(({ verdict, label, key, meaning }) => (
          <button
            key={verdict}
            type="button"
            class={verdict}
            aria-pressed={given(shown) === verdict}
            title={meaning}
            onClick={() => judge(given(shown) === verdict ? null : verdict, "")}
          >
            {label} <kbd aria-hidden="true">{key}</kbd>
          </button>
        ))}
      </div>
      <h1 title={shown.headline}>
        {many && <span class="chip">{shown.kind}</span>}
        {shown.status === "reopened" && <span class="chip">reopened</span>}
        {shown.headline}
      </h1>
      {shown.summary !== "" && <p class="summary">{shown.summary}</p>}
      <dl class="facts">
        {shown.kind !== "campaign" && (
          <div>
            <dt>how rare</dt>
            <dd class={heat(shown.score)}>
              {rarityInFull(shown.one_in)} {UNIT[shown.entity_type] ?? "days"}
            </dd>
          </div>
        )}
        {shown.evidence > 0 && (
          <div title="What its findings add up to: so seldom does as much come together">
            <dt>evidence</dt>
            <dd>
              {addedUp(
                shown.found.map((f) => f.adds),
                shown.evidence,
              )}
            </dd>
          </div>
        )}
        {many ? (
          <div>
            <dt>accounts</dt>
            <dd>{count(shown.members)}</dd>
          </div>
        ) : (
          <>
            <div>
              <dt>history behind it</dt>
              <dd>
                {counted(shown.baseline_days, "day")}, {counted(shown.baseline_acts, "act")}
              </dd>
            </div>
            <div>
              <dt>peers</dt>
              <dd>
                {shown.peers > 0
                  ? `${count(shown.peers)}${shown.peer_group ? `, ${shown.peer_group}` : ""}`
                  : "none known"}
              </dd>
            </div>
          </>
        )}
        {shown.teams.length > 0 && (
          <div class="others">
            <dt>teams</dt>
            <dd>
              {shown.teams.map((t) => (
                <span key={t.name}>
                  <bdi>{t.name || "none known"}</bdi>{" "}
                  <small>
                    {count(t.members)} of {count(t.of)}
                  </small>
                </span>
              ))}
            </dd>
          </div>
        )}
        {shown.tactics.length > 0 && (
          <div>
            <dt>chain</dt>
            <dd>{shown.tactics.map(title).join(" → ")}</dd>
          </div>
        )}
        {shown.others.length > 0 && (
          <div class="others">
            <dt>with</dt>
            <dd>
              {shown.others.map((o) => (
                <span key={`${o.entity_type}/${o.entity}`}>
                  <bdi>{o.entity}</bdi> <small>{o.why}</small>
                </span>
              ))}
              {unnamed > 0 && <small>and {count(unnamed)} more</small>}
            </dd>
          </div>
        )}
        {Math.abs(shown.learned_bits) >= 0.05 && (
          <div title="What verdicts on cases like it before changed: each finding says which">
            <dt>verdicts before</dt>
            <dd>{moved(shown.learned_bits)}</dd>
          </div>
        )}
        {shown.owner !== "" && (
          <div>
            <dt>who can tell</dt>
            <dd title={shown.owner_because}>{shown.owner}</dd>
          </div>
        )}
      </dl>
      {shown.judged.length > 0 && <Judged case={shown} judge={judge} zone={zone} />}
      {shown.turns.length > 0 && <Lineage case={shown} zone={zone} />}
      <Ask case={shown} zone={zone} />
    </header>
  );
}

/** The last verdict, its reason, and room for one. */
function Judged({ case: shown, judge, zone }: Props) {
  const last = shown.judged[shown.judged.length - 1];
  const [writing, setWriting] = useState(false);
  if (!last) return null;
  const at = Date.parse(last.at);
  const before = shown.judged.length - 1;
  return (
    <p class="judged-line">
      <b>{said(last.verdict)}</b> by {last.by}, {zone.date(at)} {zone.clock(at)}
      {last.reason !== "" && !writing && <q>{last.reason}</q>}
      {before > 0 && <span class="quiet-text"> · judged {counted(before, "time")} before</span>}
      {shown.verdict !== null &&
        (writing ? (
          <form
            onSubmit={(e) => {
              e.preventDefault();
              const field = new FormData(e.currentTarget).get("reason");
              judge(shown.verdict, typeof field === "string" ? field : "");
              setWriting(false);
            }}
          >
            <input
              name="reason"
              aria-label="Reason"
              defaultValue={last.reason}
              maxLength={2000}
              placeholder="reason, for the next reader"
              autofocus
            />
            <button type="submit">Keep</button>
          </form>
        ) : (
          <button type="button" class="quiet" onClick={() => setWriting(true)}>
            {last.reason === "" ? "add a reason" : "change the reason"}
          </button>
        ))}
      {shown.verdict !== null && !writing && (
        <button type="button" class="quiet" onClick={() => judge(null, "")}>
          take it back
        </button>
      )}
    </p>
  );
}

/** What became of the case from run to run: the last of it, and all of it where that is asked for. */
function Lineage({ case: shown, zone }: Pick<Props, "case" | "zone">) {
  const turns = [...shown.turns].reverse();
  const line = (turn: CaseView["turns"][number]) => {
    const at = Date.parse(turn.at);
    return (
      <>
        {zone.date(at)} {zone.clock(at)}, {turn.said}{" "}
        {turn.case !== "" && <a href={`/cases/${encodeURIComponent(turn.case)}`}>see it</a>}
      </>
    );
  };
  const [last, ...before] = turns;
  if (!last) return null;
  if (before.length === 0) return <p class="lineage">{line(last)}</p>;
  return (
    <details class="lineage">
      <summary>{line(last)}</summary>
      <ol>
        {before.map((turn) => (
          <li key={`${turn.at}/${turn.what}/${turn.said}`}>{line(turn)}</li>
        ))}
      </ol>
    </details>
  );
}

/** `credential-access` and `credential_access` as `Credential access`. */
function title(tactic: string): string {
  const words = tactic.replaceAll(/[-_]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
