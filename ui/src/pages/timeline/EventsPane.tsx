// The acts themselves, as a table: those behind a finding, or all of the window.

import { useEffect, useState } from "preact/hooks";
import { type CaseView, type EventList, type FindingView, to } from "../../api/client.ts";
import { type Asked, useAnswer } from "../../api/use.ts";
import { address, type Route } from "../../base/route.ts";
import type { Span } from "../../base/span.ts";
import { count, counted } from "../../base/words.ts";
import { DAY, type Zone } from "../../base/zone.ts";
import { follow, type Go } from "./navigation.ts";

const PAGE = 100;

interface Shared {
  readonly case: CaseView;
  readonly route: Route;
  readonly go: Go;
  readonly zone: Zone;
}

export function FindingEvents({ finding, ...shared }: Shared & { finding: FindingView }) {
  const [limit, setLimit] = useLimit(`${shared.case.id}/${finding.n}`);
  const path = to(["cases", shared.case.id, "findings", finding.n, "events"], { limit });
  const asked = useAnswer("events", path);
  const current = asked.of?.includes(`/findings/${finding.n}/`)
    ? asked
    : { ...asked, value: undefined };
  return (
    <Table
      {...shared}
      title="Events"
      note={current.value ? `${count(current.value.total)} behind this finding` : ""}
      asked={current}
      onMore={() => setLimit(limit + PAGE)}
    />
  );
}

export function WindowEvents({ window, ...shared }: Shared & { window: Span }) {
  const [limit, setLimit] = useLimit(shared.case.id);
  const asked = useAnswer(
    "events",
    to(["cases", shared.case.id, "events"], {
      start: new Date(window.start).toISOString(),
      end: new Date(window.end).toISOString(),
      limit,
    }),
    { wait: 200 },
  );
  return (
    <Table
      {...shared}
      title="Everything in this window"
      note={asked.value ? counted(asked.value.total, "event") : ""}
      asked={asked}
      onMore={() => setLimit(limit + PAGE)}
    />
  );
}

function useLimit(of: string) {
  const [limit, setLimit] = useState(PAGE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another table starts short again
  useEffect(() => setLimit(PAGE), [of]);
  return [limit, (n: number) => setLimit(Math.min(n, 1000))] as const;
}

interface TableProps extends Shared {
  readonly title: string;
  readonly note: string;
  readonly asked: Asked<EventList>;
  readonly onMore: () => void;
}

function Table({ case: shown, route, go, zone, title, note, asked, onMore }: TableProps) {
  const events = asked.value?.events ?? [];
  const first = events[0];
  const last = events[events.length - 1];
  const days = first && last ? Date.parse(last.time) - Date.parse(first.time) > DAY / 2 : false;
  const app = events.every((e) => e.app === first?.app) ? first?.app : undefined;
  const more = asked.value ? asked.value.total - events.length : 0;
  return (
    <section class="events" aria-label={title}>
      <h2>
        {title} <small>{[note, app].filter(Boolean).join(" · ")}</small>
      </h2>
      {asked.error !== undefined && <p role="alert">They could not be read: {asked.error}</p>}
      {events.length > 0 && (
        <div class="table">
          <table class={days ? "dated" : ""}>
            <thead>
              <tr>
                <th>time</th>
                {shown.others.length > 0 && <th>who</th>}
                <th>action</th>
                <th>target</th>
                <th>outcome</th>
                <th>from</th>
              </tr>
            </thead>
            <tbody>
              {events.map((e) => {
                const change = { case: shown.id, event: e.event_id };
                const at = Date.parse(e.time);
                return (
                  <tr key={e.event_id} onClick={follow(go, change)}>
                    <td class="mono">
                      <a href={address({ ...route, ...change })}>
                        {days && `${zone.date(at)} `}
                        {zone.seconds(at)}
                      </a>
                    </td>
                    {shown.others.length > 0 && (
                      <td title={e.actor}>
                        <bdi>{e.actor}</bdi>
                      </td>
                    )}
                    <td title={`${e.app} · ${e.action} · ${e.outcome}`}>
                      {e.outcome === "failure" && <span class="cross-out failure">✕ </span>}
                      {e.action || "—"} {app === undefined && <small>{e.app}</small>}
                    </td>
                    <td class="mono end" title={e.target}>
                      <bdi>{e.target}</bdi>
                    </td>
                    <td class={e.outcome === "failure" ? "failure" : ""}>{e.outcome}</td>
                    <td class="mono" title={`${e.src_ip || e.device} ${e.user_agent}`}>
                      {e.src_ip || e.device} {e.country && <small>{e.country}</small>}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          {more > 0 &&
            (events.length < 1000 ? (
              <button type="button" onClick={onMore}>
                Show more of the {count(more)} that follow
              </button>
            ) : (
              <p class="note">{count(more)} more: zoom in to see them.</p>
            ))}
        </div>
      )}
      {asked.value?.total === 0 && <p class="note">Nothing happened here.</p>}
    </section>
  );
}
