// The evidence below the timeline: the case's findings, or one of them in three panes.

import type { CaseView, FindingView } from "../../api/client.ts";
import { address, type Route } from "../../base/route.ts";
import type { Span } from "../../base/span.ts";
import { counted, share } from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";
import { EventPane } from "./EventPane.tsx";
import { FindingEvents, WindowEvents } from "./EventsPane.tsx";
import { hiddenBy, sizeOf } from "./greyed.ts";
import { KindPane } from "./KindPane.tsx";
import { follow, type Go } from "./navigation.ts";
import { WhyPane } from "./WhyPane.tsx";

interface Props {
  readonly case: CaseView;
  readonly selected: FindingView | undefined;
  readonly route: Route;
  readonly go: Go;
  readonly zone: Zone;
  readonly window: Span;
  readonly end: (suppressions: readonly string[]) => Promise<void>;
}

export function Drawer({ case: shown, selected, route, go, zone, window, end }: Props) {
  const why = selected ? (
    <WhyPane case={shown} finding={selected} route={route} go={go} zone={zone} end={end} />
  ) : (
    <Findings case={shown} route={route} go={go} zone={zone} />
  );
  if (route.event !== undefined) {
    return (
      <div class="drawer with-event">
        {why}
        <EventPane id={route.event} near={shown.start} zone={zone} go={go} />
      </div>
    );
  }
  return selected ? (
    <div class="drawer">
      {why}
      <KindPane case={shown} finding={selected} zone={zone} />
      <FindingEvents case={shown} finding={selected} route={route} go={go} zone={zone} />
    </div>
  ) : (
    <div class="drawer of-case">
      {why}
      <WindowEvents case={shown} window={window} route={route} go={go} zone={zone} />
    </div>
  );
}

function Findings({ case: shown, route, go, zone }: Omit<Props, "selected" | "window" | "end">) {
  return (
    <section class="findings" aria-label="Findings">
      <h2>
        {counted(shown.found.length, "finding")} <small>the most surprising first</small>
      </h2>
      <ol>
        {shown.found.map((f) => {
          const change = { case: shown.id, finding: f.n, event: undefined };
          return (
            <li key={f.n} class={f.hidden ? "greyed" : undefined}>
              <a href={address({ ...route, ...change })} onClick={follow(go, change)}>
                <i class={`dot ${sizeOf(f)}`} aria-hidden="true" />
                <span class="when">{zone.clock(Date.parse(f.first))}</span>
                <span>
                  {told(f)}{" "}
                  {!f.hidden && shown.evidence > 0 && (
                    <small>{share(f.adds, shown.evidence, f.bits)}</small>
                  )}
                  {f.learned !== "" && <small class="learned">{f.learned}</small>}
                  {f.hidden && <small>{hiddenBy(f.hidden, zone)}</small>}
                </span>
              </a>
            </li>
          );
        })}
      </ol>
      {shown.around.length > 0 && (
        <>
          <h2>What else happened</h2>
          {shown.around.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </>
      )}
    </section>
  );
}

/** What happened against what was expected; the head has named whom it is about. */
function told(f: FindingView): string {
  const against = [f.history, f.peers].filter((part) => part !== "").join("; ");
  return against === "" ? `${f.what}.` : `${f.what}: ${against}.`;
}
