// What is hidden, by whom, why and until when; above the case while it is asked for.

import { useState } from "preact/hooks";
import { type SuppressionView, to } from "../../api/client.ts";
import { useAnswer } from "../../api/use.ts";
import { address, type Route } from "../../base/route.ts";
import { counted } from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";
import { follow, type Go } from "./navigation.ts";

interface Props {
  readonly version: number;
  readonly route: Route;
  readonly go: Go;
  readonly zone: Zone;
  /** Ends some; what they hid counts again. */
  readonly end: (ids: readonly string[]) => Promise<void>;
  readonly onClose: () => void;
}

export function Suppressions({ version, route, go, zone, end, onClose }: Props) {
  const asked = useAnswer("suppressions", to(["suppressions"]), { version });
  const all = asked.value?.suppressions ?? [];
  const over = all.filter((s) => !s.in_force);
  const rest = { route, go, zone, end };
  return (
    <section class="help suppressions" aria-label="Suppressions">
      <button type="button" class="quiet" onClick={onClose}>
        Close <kbd>s</kbd>
      </button>
      {asked.error !== undefined && <p role="alert">They could not be read: {asked.error}</p>}
      {asked.value && all.length === over.length && (
        <p>
          Nothing is hidden. After the verdict “Expected” a case offers to hide the like of it; by
          hand: <code>wheeltapper suppressions add</code>
        </p>
      )}
      <ul>
        {together(all.filter((s) => s.in_force)).map((some) => (
          <Some key={some[0].id} some={some} {...rest} />
        ))}
      </ul>
      {over.length > 0 && (
        <details>
          <summary>{over.length} that hide nothing any more</summary>
          <ul>
            {together(over).map((some) => (
              <Some key={some[0].id} some={some} {...rest} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

type AtLeastOne = readonly [SuppressionView, ...SuppressionView[]];

/** Those that were made together, from one verdict, and ended together. */
function together(all: readonly SuppressionView[]): AtLeastOne[] {
  const groups = new Map<string, [SuppressionView, ...SuppressionView[]]>();
  for (const one of all) {
    const key = JSON.stringify([one.case_id || one.id, one.created, one.ended]);
    const known = groups.get(key);
    if (known) known.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}

interface SomeProps extends Pick<Props, "route" | "go" | "zone" | "end"> {
  readonly some: AtLeastOne;
}

function Some({ some, route, go, zone, end }: SomeProps) {
  const [busy, setBusy] = useState(false);
  const [one] = some;
  const day = (time: string) => zone.fullDate(Date.parse(time));
  const change = { case: one.case_id, finding: undefined, event: undefined, window: undefined };
  return (
    <li>
      {some.length === 1 ? (
        <span>{one.scope}</span>
      ) : (
        <details>
          <summary>{counted(some.length, "kind of finding", "kinds of findings")}</summary>
          {some.map((s) => (
            <div key={s.id}>{s.scope}</div>
          ))}
        </details>
      )}{" "}
      {one.in_force && (
        <button
          type="button"
          class="quiet"
          disabled={busy}
          onClick={async () => {
            setBusy(true);
            await end(some.map((s) => s.id));
            setBusy(false);
          }}
        >
          {busy ? "ending …" : "end now"}
        </button>
      )}
      <small>
        {one.ended === null
          ? `${one.in_force ? "until" : "over since"} ${day(one.expires)}`
          : `ended by ${one.ended_by} on ${day(one.ended)}`}
        {` · ${one.by}, ${day(one.created)}`}
        {one.reason !== "" && ` · ${one.reason}`}
        {one.case_id !== "" && (
          <>
            {" · "}
            <a href={address({ ...route, ...change })} onClick={follow(go, change)}>
              its case
            </a>
          </>
        )}
      </small>
    </li>
  );
}
