// How reviewing goes: how much fraud there is, how well it is found, who agrees, what was learned.

import { useState } from "preact/hooks";
import {
  type Estimate,
  type Figures,
  type Quality,
  type Result,
  retrain,
  to,
} from "../../api/client.ts";
import { useAnswer } from "../../api/use.ts";
import { count, counted } from "../../base/words.ts";
import { Failed, Waiting } from "../timeline/Empty.tsx";
import { useKeys } from "../timeline/keys.ts";
import { percent, reasonOf, stepOf } from "./words.ts";

export function Metrics({ onLearned }: { onLearned: () => void }) {
  const [version, setVersion] = useState(0);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const asked = useAnswer("figures", to(["review", "metrics"]), { version });
  const found = asked.value;

  const learn = async () => {
    if (busy || !found?.can_learn) return;
    setBusy(true);
    const result: Result<Figures> = await retrain();
    setProblem(result.ok ? undefined : `It has not learned: ${result.error}`);
    setBusy(false);
    setVersion((v) => v + 1);
    onLearned();
  };
  useKeys({ t: () => void learn() });

  if (!found) {
    return asked.error === undefined ? (
      <Waiting />
    ) : (
      <Failed error={asked.error} retry={() => setVersion((v) => v + 1)} />
    );
  }
  return (
    <article class="metrics" aria-label="Figures">
      <h1>{headline(found)}</h1>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="tiles">
        <Share
          label="accounts that are fraudulent"
          estimate={found.prevalence}
          none={`not known: ${found.drawn_settled} of ${found.drawn} drawn at random are settled`}
        />
        <Share
          label={`of those at ${percent(found.acted_from)} and above that are fraud (precision)`}
          estimate={found.precision}
          none="not known before some of the random sample are settled"
        />
        <Share
          label={`of all fraud that scores ${percent(found.acted_from)} and above (recall)`}
          estimate={found.recall}
          none="not known before all of the sample's strata are looked at"
        />
        <Kappa found={found} />
      </div>
      {found.estimated_at !== null && (
        <p class="soft">
          Shares are of before the last scoring; of the sample drawn anew {found.drawn_settled} of{" "}
          {found.drawn} are settled.
        </p>
      )}
      <section aria-label="Learning">
        <h2>
          What it learned{" "}
          {found.can_learn && (
            <button type="button" disabled={busy} onClick={() => void learn()}>
              {busy ? "Learning …" : "Learn from the answers"} <kbd aria-hidden="true">t</kbd>
            </button>
          )}
        </h2>
        <Learned found={found} />
      </section>
      <div class="pair">
        <section aria-label="Reviewers">
          <h2>Reviewers</h2>
          <Reviewers found={found} />
        </section>
        <section aria-label="Queue">
          <h2>What waits, and why</h2>
          <Bars rows={Object.entries(found.waiting_by_reason).map(([k, n]) => [reasonOf(k), n])} />
          <h2>What was decided</h2>
          <Bars rows={Object.entries(found.steps).map(([k, n]) => [stepOf(k), n])} />
          {found.undelivered > 0 && (
            <p class="soft">{counted(found.undelivered, "decision")} not delivered yet.</p>
          )}
        </section>
        <section aria-label="Drift">
          <h2>
            Drift <small>since the model learned; above 0.25 it should learn anew</small>
          </h2>
          <Drift found={found} />
        </section>
      </div>
    </article>
  );
}

function headline(found: Figures): string {
  const settled = `${counted(found.settled, "account")} settled by people`;
  const fraud = found.settled > 0 ? `, ${count(found.settled_fraud)} of them fraudulent` : "";
  return `${settled}${fraud}; ${counted(found.waiting, "account")} to go`;
}

function Share({
  label,
  estimate,
  none,
}: {
  label: string;
  estimate: Estimate | null;
  none: string;
}) {
  return (
    <div class="tile">
      {estimate === null ? (
        <>
          <b class="unknown">–</b>
          <span>{label}</span>
          <small>{none}</small>
        </>
      ) : (
        <>
          <b>{percent(estimate.value)}</b>
          <span>{label}</span>
          <Interval low={estimate.low} high={estimate.high} value={estimate.value} />
          <small>
            {percent(estimate.low)} to {percent(estimate.high)}, from{" "}
            {counted(estimate.of, "account")} drawn at random
          </small>
        </>
      )}
    </div>
  );
}

function Interval({ low, high, value }: { low: number; high: number; value: number }) {
  const x = (v: number) => `${Math.max(0, Math.min(1, v)) * 100}%`;
  return (
    <svg class="interval" height="10" width="100%" aria-hidden="true">
      <line x1="0" x2="100%" y1="5" y2="5" class="ground" />
      <line x1={x(low)} x2={x(high)} y1="5" y2="5" class="span" />
      <circle cx={x(value)} cy="5" r="4" />
    </svg>
  );
}

function Kappa({ found: { kappa, escalated } }: { found: Figures }) {
  return (
    <div class="tile">
      <b class={kappa ? "" : "unknown"}>{kappa ? kappa.value.toFixed(2) : "–"}</b>
      <span>Cohen’s κ, agreement of two blind reviewers beyond chance</span>
      <small>
        {kappa
          ? `${kappa.low.toFixed(2)} to ${kappa.high.toFixed(2)}, ${counted(kappa.pairs, "account")} judged twice, ${percent(kappa.agreed)} alike`
          : "no account was judged twice yet"}
        {escalated > 0 ? `; ${escalated} escalated` : ""}
      </small>
    </div>
  );
}

const ROWS: readonly (readonly [string, (q: Quality) => string])[] = [
  ["log loss (lower is better)", (q) => q.log_loss.toFixed(3)],
  ["Brier score (lower is better)", (q) => q.brier.toFixed(3)],
  ["AUC", (q) => (q.auc === null ? "–" : q.auc.toFixed(3))],
  ["precision at a half", (q) => (q.precision === null ? "–" : percent(q.precision))],
  ["recall at a half", (q) => (q.recall === null ? "–" : percent(q.recall))],
  ["fraud expected", (q) => percent(q.expected)],
];

function Learned({ found: { training } }: { found: Figures }) {
  if (!training) return <p class="soft">It has not learned from answers yet.</p>;
  const compared = training.compared;
  const changes = Object.entries(training.changed);
  return (
    <>
      <p>
        It learned from {counted(training.trained, "account")}; {count(training.settled)} were
        settled here, a third of them held out and never learned from.{" "}
        {training.adopted
          ? "The new model is in use."
          : "The new model is worse beyond chance, so the one before stays."}
      </p>
      <div class="pair">
        {compared && (
          <table aria-label="Before and after">
            <thead>
              <tr>
                <th>on {counted(compared.after.answers, "answer")} held out</th>
                <th>before</th>
                <th>after</th>
              </tr>
            </thead>
            <tbody>
              {ROWS.map(([name, of]) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>{of(compared.before)}</td>
                  <td>{of(compared.after)}</td>
                </tr>
              ))}
              <tr>
                <td>really fraud</td>
                <td colSpan={2}>{percent(compared.after.fraud / compared.after.answers)}</td>
              </tr>
            </tbody>
            <caption>
              Log loss changed by {compared.worse_by.toFixed(3)} ({compared.low.toFixed(3)} to{" "}
              {compared.high.toFixed(3)}): {verdict(compared.low, compared.high)}.
            </caption>
          </table>
        )}
        <div>
          <h3>Proposed now, and before</h3>
          {changes.length === 0 && <p class="soft">No account has another step than before.</p>}
          <Bars rows={changes} />
        </div>
        {training.movers.length > 0 && (
          <table aria-label="Moved most">
            <thead>
              <tr>
                <th>changed its mind most about</th>
                <th>before</th>
                <th>after</th>
              </tr>
            </thead>
            <tbody>
              {training.movers.map((one) => (
                <tr key={one.account}>
                  <td>
                    <bdi>{one.account}</bdi>
                  </td>
                  <td>{percent(one.before)}</td>
                  <td>{percent(one.after)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </>
  );
}

function verdict(low: number, high: number): string {
  if (high < 0) return "better beyond chance";
  return low > 0 ? "worse beyond chance" : "so few answers do not tell which is better";
}

function Reviewers({ found: { reviewers } }: { found: Figures }) {
  if (reviewers.length === 0) return <p class="soft">Nobody has answered yet.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>who</th>
          <th>answers</th>
          <th>today</th>
          <th title="the middle one">seconds</th>
          <th title="of accounts whose label is known">checks right</th>
          <th title="where others spoke as well">as settled</th>
        </tr>
      </thead>
      <tbody>
        {reviewers.map((one) => (
          <tr key={one.name}>
            <td>
              <bdi>{one.name}</bdi>
            </td>
            <td>{count(one.opinions)}</td>
            <td>{count(one.today)}</td>
            <td>{one.seconds > 0 ? one.seconds.toFixed(one.seconds < 10 ? 1 : 0) : "–"}</td>
            <td>{one.gold > 0 ? `${one.gold_right} of ${one.gold}` : "–"}</td>
            <td>{one.settled > 0 ? `${one.settled_alike} of ${one.settled}` : "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Bars({ rows }: { rows: readonly (readonly [string, number])[] }) {
  const most = Math.max(1, ...rows.map(([, n]) => n));
  const ordered = [...rows].sort((a, b) => b[1] - a[1]);
  return (
    <ul class="bars">
      {ordered.map(([name, n]) => (
        <li key={name}>
          <span>{name}</span>
          <meter min={0} max={most} value={n} aria-label={name} />
          <b>{count(n)}</b>
        </li>
      ))}
    </ul>
  );
}

function Drift({ found: { drift } }: { found: Figures }) {
  if (drift.length === 0) return <p class="soft">Nothing is known of it yet.</p>;
  return (
    <table>
      <tbody>
        {drift.map((one) => (
          <tr key={one.name}>
            <td>{one.name}</td>
            <td>{one.psi.toFixed(2)}</td>
            <td class={one.word === "drifted" ? "hot" : one.word === "moved" ? "warm" : "ok"}>
              {one.word}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
