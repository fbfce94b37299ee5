// Asking the one who acted: a button, what to send, and what they said. The link is shown once.

import { useState } from "preact/hooks";
import { type AskedView, ask, type CaseView } from "../../api/client.ts";
import type { Zone } from "../../base/zone.ts";

type Question = CaseView["questions"][number];

interface Props {
  readonly case: CaseView;
  readonly zone: Zone;
}

const SAID = {
  yes: "said that this was them",
  no: "said that this was not them",
  unsure: "is not sure whether this was them",
} as const;

export function Ask({ case: shown, zone }: Props) {
  const [asked, setAsked] = useState<AskedView>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const whom = shown.accounts[0];
  if (whom === undefined) return null;

  const put = async () => {
    setBusy(true);
    const result = await ask(shown.id, whom);
    setBusy(false);
    setProblem(result.ok ? undefined : result.error);
    if (result.ok) setAsked(result.value);
  };
  // What was just asked is known here before the case is read again.
  const questions = asked?.case.questions ?? shown.questions;
  const standing = questions.filter((q) => q.standing !== "withdrawn");
  return (
    <section class="ask" aria-label="Asked">
      {standing.map((q) => (
        <p key={q.id} class={q.answer === "no" ? "denied" : ""}>
          <b>
            <bdi>{q.actor}</bdi>
          </b>{" "}
          {told(q, zone)}
        </p>
      ))}
      {problem !== undefined && <p role="alert">It was not asked: {problem}</p>}
      <p>
        <button type="button" disabled={busy} onClick={put}>
          Ask <bdi>{whom}</bdi>
          {standing.length > 0 ? " again" : ""}
        </button>
      </p>
      {asked !== undefined && (
        <>
          <p>Send this by another way than the account in question; the link is shown this once:</p>
          <textarea readOnly rows={8} aria-label="What to send" value={asked.text} />
        </>
      )}
    </section>
  );
}

function told(q: Question, zone: Zone): string {
  const at = (time: string) => `${zone.date(Date.parse(time))} ${zone.clock(Date.parse(time))}`;
  if (q.answer !== null && q.answered_at !== null) {
    const from = q.address === "" ? "" : `, from ${q.address} with ${q.user_agent || "no program"}`;
    const nothing = q.answer === "yes" && q.doubt !== "" ? `; this counts nothing: ${q.doubt}` : "";
    return `${SAID[q.answer]}, ${at(q.answered_at)}${from}${nothing}`;
  }
  return q.standing === "expired"
    ? `was asked by ${q.asked_by} and did not answer by ${at(q.expires)}`
    : `was asked by ${q.asked_by} and can answer until ${at(q.expires)}`;
}
