// The ranked cases: sentence first, then who, where and when, then how rare.

import { useEffect, useRef } from "preact/hooks";
import type { CaseLine, CaseList as Listed, Overview } from "../../api/client.ts";
import type { Asked } from "../../api/use.ts";
import { address, type Route, type Tab } from "../../base/route.ts";
import { count, counted, heat, rarity } from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";
import { follow, type Go } from "./navigation.ts";
import { said } from "./verdicts.ts";

interface Props {
  readonly asked: Asked<Listed>;
  readonly overview: Overview | undefined;
  readonly route: Route;
  readonly shown: string | undefined;
  readonly zone: Zone;
  readonly go: Go;
}

export function CaseList({ asked, overview, route, shown, zone, go }: Props) {
  const list = asked.value;
  const year = overview?.last ? zone.local(Date.parse(overview.last)).year : undefined;
  return (
    <nav class="cases" aria-label="Cases">
      <div class="tabs">
        <TabLink tab="open" label="Open" n={overview?.open} route={route} go={go} />
        <TabLink tab="closed" label="Closed" n={overview?.closed} route={route} go={go} />
      </div>
      {list && route.search !== "" && (
        <p class="note">
          {count(list.total)} of the {route.tab} cases speak of “{route.search}”
        </p>
      )}
      {!list && asked.loading && <Skeleton />}
      {list && list.cases.length === 0 && route.search === "" && (
        <p class="note">{route.tab === "open" ? "No open case." : "No case was judged yet."}</p>
      )}
      <ol>
        {list?.cases.map((line) => (
          <Line
            key={line.id}
            line={line}
            on={line.id === shown}
            year={year}
            zone={zone}
            route={route}
            go={go}
          />
        ))}
      </ol>
      {list && list.total > list.cases.length && (
        <p class="note">
          The {count(list.cases.length)} most unusual of {count(list.total)}; search for the others.
        </p>
      )}
    </nav>
  );
}

interface TabProps {
  readonly tab: Tab;
  readonly label: string;
  readonly n: number | undefined;
  readonly route: Route;
  readonly go: Go;
}

function TabLink({ tab, label, n, route, go }: TabProps) {
  const change = { tab, case: undefined, finding: undefined, event: undefined, window: undefined };
  return (
    <a
      href={address({ ...route, ...change })}
      class={route.tab === tab ? "on" : ""}
      aria-current={route.tab === tab ? "page" : undefined}
      onClick={follow(go, change)}
    >
      {label} {n !== undefined && count(n)}
    </a>
  );
}

interface LineProps {
  readonly line: CaseLine;
  readonly on: boolean;
  readonly year: number | undefined;
  readonly zone: Zone;
  readonly route: Route;
  readonly go: Go;
}

function Line({ line, on, year, zone, route, go }: LineProps) {
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (on) element.current?.scrollIntoView({ block: "nearest" });
  }, [on]);
  const change = { case: line.id, finding: undefined, event: undefined, window: undefined };
  const apps = line.apps.length === 1 ? line.apps[0] : `${line.apps.length} applications`;
  return (
    <li ref={element} class={on ? "on" : ""}>
      <a
        href={address({ ...route, ...change })}
        onClick={follow(go, change)}
        aria-current={on ? "true" : undefined}
      >
        <span class="rank">{line.rank}</span>
        <strong>
          {line.kind === "lockstep" && <span class="chip">lockstep</span>}
          {line.status === "reopened" && <span class="chip">reopened</span>}
          {line.headline}
        </strong>
        <span class="who">
          {line.kind === "story" ? line.entity : counted(line.members, "account")}
          {line.apps.length > 0 && ` · ${apps}`}
        </span>
        <span class="when">{zone.span(Date.parse(line.start), Date.parse(line.end), year)}</span>
        {line.verdict && line.status !== "reopened" ? (
          <span class="rarity judged">{said(line.verdict)}</span>
        ) : line.kind === "campaign" ? (
          <span class="rarity chip">campaign</span>
        ) : (
          <span class={`rarity ${heat(line.score)}`}>{rarity(line.one_in)}</span>
        )}
      </a>
    </li>
  );
}

function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Cases are being read">
      {[0, 1, 2, 3].map((i) => (
        <i key={i} />
      ))}
    </div>
  );
}
