// What is hidden, by whom, why and until when; above the case while it is asked for.

import { useState } from "preact/hooks";
import { type SuppressionView, to } from "../../api/client.ts";
import { useAnswer } from "../../api/use.ts";
import { address, type Route } from "../../base/route.ts";
import type { Zone } from "../../base/zone.ts";
import { follow, type Go } from "./navigation.ts";

interface Props {
  readonly version: number;
  readonly route: Route;
  readonly go: Go;
  readonly zone: Zone;
  /** Ends one; what it hid counts again. */
  readonly end: (id: string) => Promise<void>;
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
        {all
          .filter((s) => s.in_force)
          .map((s) => (
            <One key={s.id} one={s} {...rest} />
          ))}
      </ul>
      {over.length > 0 && (
        <details>
          <summary>{over.length} that hide nothing any more</summary>
          <ul>
            {over.map((s) => (
              <One key={s.id} one={s} {...rest} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

interface OneProps extends Pick<Props, "route" | "go" | "zone" | "end"> {
  readonly one: SuppressionView;
}

function One({ one, route, go, zone, end }: OneProps) {
  const [busy, setBusy] = useState(false);
  const day = (time: string) => zone.fullDate(Date.parse(time));
  const change = { case: one.case_id, finding: undefined, event: undefined, window: undefined };
  return (
    <li>
      <span>{one.scope}</span>{" "}
      {one.in_force && (
        <button
          type="button"
          class="quiet"
          disabled={busy}
          onClick={async () => {
            setBusy(true);
            await end(one.id);
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
