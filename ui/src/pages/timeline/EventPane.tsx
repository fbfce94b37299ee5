// One act: what is known about it, and its raw record exactly as it came, as text.

import { useMemo, useState } from "preact/hooks";
import { to } from "../../api/client.ts";
import { useAnswer } from "../../api/use.ts";
import { laidOut } from "../../base/record.ts";
import type { Zone } from "../../base/zone.ts";
import type { Go } from "./navigation.ts";

interface Props {
  readonly id: string;
  readonly near: string;
  readonly zone: Zone;
  readonly go: Go;
}

export function EventPane({ id, near, zone, go }: Props) {
  const asked = useAnswer("event", to(["events", id], { near }));
  const event = asked.value?.event_id === id ? asked.value : undefined;
  const [asItCame, setAsItCame] = useState(false);
  const raw = useMemo(() => (event ? laidOut(event.raw) : ""), [event]);
  const at = event ? Date.parse(event.time) : 0;
  return (
    <section class="event" aria-label="Event">
      <div class="event-top">
        <h2>
          Event{" "}
          {event && <small>{`${zone.weekday(at)} ${zone.fullDate(at)}, ${zone.millis(at)}`}</small>}
        </h2>
        {event && (
          <button type="button" class="quiet" onClick={() => setAsItCame(!asItCame)}>
            {asItCame ? "lay out" : "as it came"}
          </button>
        )}
        <button type="button" class="quiet" onClick={() => go({ event: undefined })}>
          Close <kbd>Esc</kbd>
        </button>
      </div>
      {asked.error !== undefined && <p role="alert">It could not be read: {asked.error}</p>}
      {event && (
        <div class="event-body">
          <dl>
            {event.fields.map((f) => (
              <div key={f.name}>
                <dt title={f.meaning}>{f.name.replaceAll("_", " ")}</dt>
                <dd>{f.value}</dd>
              </div>
            ))}
          </dl>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to take the keyboard */}
          <pre class="raw" tabIndex={0}>
            {asItCame ? event.raw : raw}
          </pre>
        </div>
      )}
    </section>
  );
}
