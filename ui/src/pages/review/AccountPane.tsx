// One account under review: what it did, whom it is tied to, what is like it, and the guidelines.

import type { Guidelines, Opinion, ReviewView } from "../../api/client.ts";
import { Picture } from "./Picture.tsx";
import { labelOf, OPINIONS, stateOf, stepOf } from "./words.ts";

interface Props {
  readonly account: ReviewView;
  readonly guidelines: Guidelines | undefined;
  readonly reason: string;
  readonly onReason: (text: string) => void;
  readonly give: (opinion: Opinion) => void;
  readonly busy: boolean;
}

export function AccountPane({ account, guidelines, reason, onReason, give, busy }: Props) {
  return (
    <article class="account" aria-label="Account">
      <header class="head">
        <div class="verdicts" role="group" aria-label="Your answer">
          {OPINIONS.map(({ opinion, label, key, meaning }) => (
            <button
              type="button"
              key={opinion}
              class={opinion === "fraud" ? "malicious" : ""}
              title={meaning}
              aria-pressed={account.mine === opinion}
              disabled={busy}
              onClick={() => give(opinion)}
            >
              {label} <kbd aria-hidden="true">{key}</kbd>
            </button>
          ))}
        </div>
        <h1>
          <bdi>{account.account}</bdi>
        </h1>
        <dl class="facts">
          <div>
            <dt>what was done</dt>
            <dd>{stepOf(account.step)}</dd>
          </div>
          {(account.state !== "waiting" || account.round > 0) && (
            <div>
              <dt>standing</dt>
              {/* A second reviewer is not told that there was a first. */}
              <dd>{stateOf(account.state === "second" ? "waiting" : account.state)}</dd>
            </div>
          )}
          {account.challenge !== "" && (
            <div>
              <dt>verification</dt>
              <dd>{account.challenge}</dd>
            </div>
          )}
        </dl>
        <label class="reason">
          <span class="hidden">Reason</span>
          <input
            id="reason"
            value={reason}
            placeholder="a reason for whoever looks next (optional)"
            onInput={(e) => onReason(e.currentTarget.value)}
            autocomplete="off"
          />
          {reason === "" && <kbd aria-hidden="true">r</kbd>}
        </label>
      </header>
      <div class="columns">
        <div class="told">
          {account.appeal !== "" && (
            <section aria-label="Appeal">
              <h2>Whoever holds it says</h2>
              <blockquote>
                <bdi>{account.appeal}</bdi>
              </blockquote>
            </section>
          )}
          {account.groups.length > 0 && (
            <section class="groups" aria-label="Groups">
              <h2>Together with others</h2>
              <ul>
                {account.groups.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </section>
          )}
          <section aria-label="What it did">
            <h2>What it did</h2>
            <ul>
              {account.facts.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </section>
          {account.profile !== "" && (
            <section aria-label="Profile">
              <h2>What it says of itself</h2>
              <blockquote>
                <bdi>{account.profile}</bdi>
              </blockquote>
            </section>
          )}
          <Before account={account} />
          <section aria-label="Signals">
            <h2>
              What spoke for fraud <small>to the model, strongest first</small>
            </h2>
            {account.reasons.length === 0 && <p class="soft">Nothing did.</p>}
            <ul class="signals">
              {account.reasons.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </section>
        </div>
        <div class="told">
          <section aria-label="Neighbours">
            <h2>Whom it is tied to</h2>
            <Picture key={account.account} account={account} />
          </section>
          <section aria-label="Similar accounts">
            <h2>
              Judged accounts that are most like it <small>by what they did</small>
            </h2>
            {account.similar.length === 0 && <p class="soft">None is known yet.</p>}
            <ul class="similar">
              {account.similar.map((one) => (
                <li key={one.account}>
                  <i class={one.known} aria-hidden="true" />
                  <bdi>{one.account}</bdi> <small>{labelOf(one.known).toLowerCase()}</small>
                </li>
              ))}
            </ul>
          </section>
        </div>
        <aside aria-label="Guidelines">
          <h2>Guidelines {guidelines && <small>version {guidelines.version}</small>}</h2>
          {guidelines?.text
            .split(/\n\s*\n/)
            .map((line, n) => line.trim() !== "" && <p key={n}>{line}</p>)}
        </aside>
      </div>
    </article>
  );
}

function Before({ account }: { account: ReviewView }) {
  if (account.said.length === 0) return null;
  return (
    <section aria-label="Said before">
      <h2>{account.decided ? "What was said" : "What was said before the appeal"}</h2>
      <ul>
        {account.said.map((one, n) => (
          <li key={n}>
            <b>{labelOf(one.opinion)}</b>, by <bdi>{one.by}</bdi>
            {one.reason !== "" && (
              <>
                : <q>{one.reason}</q>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
