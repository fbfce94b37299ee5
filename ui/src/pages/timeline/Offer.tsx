// After a verdict that all was right: hiding the like of it for a while. What that would have hidden
// is said before anything is kept; it is found out when asked for, for all cases are made anew.

import { useState } from "preact/hooks";
import { type CaseView, type HidingView, hide } from "../../api/client.ts";
import { counted } from "../../base/words.ts";
import { useKeys } from "./keys.ts";

interface Props {
  readonly case: CaseView;
  /** The cases are made anew by now. */
  readonly onHidden: () => void;
  readonly onDismiss: () => void;
}

const DAYS = 90;
const SHOWN = 3;

export function Offer({ case: shown, onHidden, onDismiss }: Props) {
  const [seen, setSeen] = useState<HidingView>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const reason = shown.judged[shown.judged.length - 1]?.reason || "judged expected";

  const ask = async (dry_run: boolean) => {
    setBusy(true);
    const result = await hide({ case: shown.id, days: DAYS, reason, dry_run });
    setBusy(false);
    if (!result.ok) return setProblem(result.error);
    setSeen(result.value);
    if (result.value.kept) onHidden();
  };
  const next = () => {
    if (!(busy || seen?.kept || seen?.scopes.length === 0)) void ask(seen === undefined);
  };
  useKeys({ h: next });

  return (
    <section class="offer" aria-label="Hide the like of it" aria-live="polite">
      {problem !== undefined ? (
        <p role="alert">It was not hidden: {problem}</p>
      ) : seen === undefined ? (
        <p>
          Hide the like of it for {DAYS} days?{" "}
          <button type="button" disabled={busy} onClick={next}>
            {busy ? "Making cases without it …" : "See what that hides"}{" "}
            <kbd aria-hidden="true">h</kbd>
          </button>
        </p>
      ) : seen.kept ? (
        <p>
          <b>Hidden for {DAYS} days</b>, and the cases are made anew: {amount(seen)}.
        </p>
      ) : seen.scopes.length === 0 ? (
        <p>All its findings are hidden already.</p>
      ) : (
        <>
          <p>
            In the past 90 days it would have hidden <b>{amount(seen)}</b>.{" "}
            <button type="button" disabled={busy} onClick={next}>
              {busy ? "Hiding …" : `Hide for ${DAYS} days`} <kbd aria-hidden="true">h</kbd>
            </button>
          </p>
          {seen.warned.map((c) => (
            <p key={c.id} class="warning">
              One of the kind was no false alarm: {c.headline}
            </p>
          ))}
          {seen.gone.slice(0, SHOWN).map((c) => (
            <p key={c.id} class="gone">
              not raised: {c.headline}
            </p>
          ))}
          <details>
            <summary>what exactly</summary>
            <ul>
              {seen.scopes.map((scope) => (
                <li key={scope}>{scope}</li>
              ))}
            </ul>
            <Cases title="more not raised" cases={seen.gone.slice(SHOWN)} />
            <Cases title="with less evidence" cases={seen.weaker} />
            <Cases title="judged, and left as they are" cases={seen.judged} />
          </details>
        </>
      )}
      <button type="button" class="quiet" onClick={onDismiss}>
        {seen?.kept ? "close" : "no"}
      </button>
    </section>
  );
}

function Cases({ title, cases }: { title: string; cases: HidingView["gone"] }) {
  if (cases.length === 0) return null;
  return (
    <>
      <b>
        {counted(cases.length, "case")} {title}
      </b>
      <ul>
        {cases.map((c) => (
          <li key={c.id}>{c.headline}</li>
        ))}
      </ul>
    </>
  );
}

/** `12 other findings and 2 open cases` */
function amount({ findings, gone }: HidingView): string {
  if (findings === 0) return "nothing else";
  const found = counted(findings, "other finding");
  return gone.length === 0 ? found : `${found} and ${counted(gone.length, "open case")}`;
}
