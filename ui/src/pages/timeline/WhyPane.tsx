// Why a finding stands here: in a sentence, what would have been normal, what happened around it,
// and only then what the detector measured.

import { useState } from "preact/hooks";
import type { CaseView, FindingView, HiddenBy } from "../../api/client.ts";
import { address, type Route } from "../../base/route.ts";
import {
  counted,
  detectorName,
  duration,
  figure,
  moved,
  rarityInFull,
  share,
} from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";
import { hiddenBy } from "./greyed.ts";
import { follow, type Go } from "./navigation.ts";

interface Props {
  readonly case: CaseView;
  readonly finding: FindingView;
  readonly route: Route;
  readonly go: Go;
  readonly zone: Zone;
  readonly end: (suppressions: readonly string[]) => Promise<void>;
}

const NEIGHBOURS = 3;

export function WhyPane({ case: shown, finding: f, route, go, zone, end }: Props) {
  const around = neighbours(shown, f);
  const ordered = [...shown.found].sort(
    (a, b) => Date.parse(a.first) - Date.parse(b.first) || a.n - b.n,
  );
  const at = ordered.findIndex((o) => o.n === f.n);
  const previous = ordered[at - 1];
  const next = ordered[at + 1];
  const to = (n: number | undefined) => ({ case: shown.id, finding: n, event: undefined });
  const first = Date.parse(f.first);
  const last = Date.parse(f.last);
  return (
    <section class="why" aria-label="Why" aria-live="polite">
      <div class="stepper">
        <h2>{f.value || detectorName(f.detector)}</h2>
        <span>
          <button
            type="button"
            disabled={!previous}
            aria-label="Earlier finding"
            onClick={() => previous && go(to(previous.n))}
          >
            ←
          </button>{" "}
          {at + 1} of {shown.found.length}{" "}
          <button
            type="button"
            disabled={!next}
            aria-label="Later finding"
            onClick={() => next && go(to(next.n))}
          >
            →
          </button>
        </span>
      </div>
      <p class="chips">
        <span title={f.about}>{detectorName(f.detector)}</span>
        {f.attack.map((id, n) => (
          <span key={id} title={`MITRE ATT&CK: ${f.techniques[n] ?? id}`}>
            {f.techniques[n] ?? id}
          </span>
        ))}
        <button type="button" class="quiet" onClick={() => go(to(undefined))}>
          all findings
        </button>
      </p>
      <p>
        {f.what}.{" "}
        {!f.hidden && shown.evidence > 0 && (
          <small class="quiet-text">{share(f.adds, shown.evidence, f.bits)}</small>
        )}
      </p>
      {f.learned !== "" && (
        <p class="learned">
          {f.learned} <small>({moved(f.learned_bits)})</small>
        </p>
      )}
      {f.hidden && <Hidden by={f.hidden} zone={zone} end={end} />}
      <dl>
        {f.history !== "" && (
          <div>
            <dt>{f.detector.startsWith("rule.") ? "By" : "Its own history"}</dt>
            <dd>{f.history}</dd>
          </div>
        )}
        {f.peers !== "" && (
          <div>
            <dt>Peers</dt>
            <dd>{f.peers}</dd>
          </div>
        )}
        {f.would_be_normal !== "" && (
          <div>
            <dt>Would have been normal</dt>
            <dd>{f.would_be_normal}</dd>
          </div>
        )}
        <div>
          <dt>When</dt>
          <dd>
            {zone.weekday(first)} {zone.fullDate(first)}, {zone.seconds(first)}
            {last - first >= 1000 && ` – ${zone.seconds(last)}, ${duration(last - first)}`}
            {f.count > 1 && `; ${counted(f.count, "finding")} of this kind put together`}
          </dd>
        </div>
        {shown.around.length > 0 && (
          <div>
            <dt>What else happened</dt>
            <dd>
              {shown.around.map((line) => (
                <span key={line} class="around-line">
                  {line}
                </span>
              ))}
            </dd>
          </div>
        )}
        {around.length > 0 && (
          <div>
            <dt>Findings near it</dt>
            <dd>
              {around.map((o) => (
                <a key={o.n} href={address({ ...route, ...to(o.n) })} onClick={follow(go, to(o.n))}>
                  {o.value || detectorName(o.detector)}{" "}
                  <small>{distance(Date.parse(o.first), first)}</small>
                </a>
              ))}
            </dd>
          </div>
        )}
        <div>
          <dt>Measured</dt>
          <dd>{measured(f)}</dd>
        </div>
      </dl>
    </section>
  );
}

function Hidden({ by, zone, end }: Pick<Props, "zone" | "end"> & { readonly by: HiddenBy }) {
  const [busy, setBusy] = useState(false);
  return (
    <p class="hidden-by">
      It counts nothing: {hiddenBy(by, zone)}{" "}
      <button
        type="button"
        class="quiet"
        disabled={busy}
        onClick={async () => {
          setBusy(true);
          await end([by.id]);
          setBusy(false);
        }}
      >
        {busy ? "ending …" : "end now"}
      </button>
    </p>
  );
}

function measured(f: FindingView): string {
  const rule = f.detector.startsWith("rule.");
  const parts = [`${f.bits.toFixed(1)} bits, as much as ${rarityInFull(Math.round(2 ** f.bits))}`];
  if (rule) parts.push("a rule's level, not a measured surprise");
  else {
    parts.push(`observed ${figure(f.observed)}, expected ${figure(f.expected)}`);
    parts.push(`from ${counted(f.baseline_n, f.baseline_unit)} of its own history`);
    if (Math.abs(f.llr) >= 0.5) {
      parts.push(
        f.llr > 0
          ? `${f.llr.toFixed(1)} bits likelier for a peer than for this account`
          : `${(-f.llr).toFixed(1)} bits likelier for this account than for a peer`,
      );
    }
  }
  return `${parts.join("; ")}.`;
}

/** The findings nearest in time. */
function neighbours(shown: CaseView, f: FindingView): FindingView[] {
  const away = (o: FindingView) => Math.abs(Date.parse(o.first) - Date.parse(f.first));
  return shown.found
    .filter((o) => o.n !== f.n)
    .sort((a, b) => away(a) - away(b) || a.n - b.n)
    .slice(0, NEIGHBOURS);
}

function distance(other: number, own: number): string {
  const away = other - own;
  if (Math.abs(away) < 1000) return "at the same second";
  return `${duration(Math.abs(away))} ${away < 0 ? "before" : "after"}`;
}
