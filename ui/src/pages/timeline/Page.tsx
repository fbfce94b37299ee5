// The page: ranked cases at the left; the chosen one, its timeline and its evidence at the right.

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type CaseView, endSuppressions, judge, to, type Verdict } from "../../api/client.ts";
import { useAnswer } from "../../api/use.ts";
import { readersZone } from "../../base/zone.ts";
import { CaseList } from "./CaseList.tsx";
import { CasePane } from "./CasePane.tsx";
import { Failed, NoCase, Waiting } from "./Empty.tsx";
import { Help } from "./Help.tsx";
import { useKeys } from "./keys.ts";
import { useRoute } from "./navigation.ts";
import { Offer } from "./Offer.tsx";
import { Suppressions } from "./Suppressions.tsx";
import { TopBar } from "./TopBar.tsx";
import { given, VERDICTS } from "./verdicts.ts";

export function Page() {
  const [route, go] = useRoute();
  const [version, setVersion] = useState(0);
  const [help, setHelp] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [hidden, setHidden] = useState(false);
  /** The case that was just judged expected. */
  const [offered, setOffered] = useState<string>();
  const search = useRef<HTMLInputElement>(null);

  const overview = useAnswer("overview", to(["overview"]), { version });
  const list = useAnswer("cases", to(["cases"], { status: route.tab, q: route.search }), {
    version,
    wait: route.search === "" ? 0 : 150,
  });
  const zone = useMemo(() => readersZone(overview.value?.timezone), [overview.value]);
  const cases = list.value?.cases ?? [];
  // Without a choice the most unusual one is shown.
  const shown = route.case ?? cases[0]?.id;
  const asked = useAnswer("case", shown === undefined ? undefined : to(["cases", shown]), {
    version,
  });
  const found = asked.value && leadsTo(asked.value, shown) ? asked.value : undefined;

  const give = useCallback(
    async (verdict: Verdict | null, reason: string) => {
      if (shown === undefined) return;
      const result = await judge(shown, { verdict, reason });
      setProblem(result.ok ? undefined : `The verdict was not kept: ${result.error}`);
      setOffered(result.ok && verdict === "benign_expected" ? shown : undefined);
      // The case leaves this tab's list, but not the reader's sight.
      go({ case: shown }, { replace: true });
      setVersion((v) => v + 1);
    },
    [shown, go],
  );

  const end = useCallback(async (ids: readonly string[]) => {
    const result = await endSuppressions(ids);
    setProblem(result.ok ? undefined : `It was not ended: ${result.error}`);
    setVersion((v) => v + 1);
  }, []);

  const open = useCallback(
    (id: string) => go({ case: id, finding: undefined, event: undefined, window: undefined }),
    [go],
  );
  const step = (by: number) => {
    const at = cases.findIndex((c) => c.id === shown);
    const next = cases[at < 0 ? 0 : Math.min(Math.max(at + by, 0), cases.length - 1)];
    if (next && next.id !== shown) open(next.id);
  };
  const stepFinding = (by: number) => {
    const order = inTime(found);
    const at = order.indexOf(route.finding ?? -1);
    const next = at < 0 ? order[by > 0 ? 0 : order.length - 1] : order[at + by];
    if (found && next !== undefined) go({ case: found.id, finding: next, event: undefined });
  };

  useKeys({
    "/": () => search.current?.focus(),
    j: () => step(1),
    k: () => step(-1),
    ArrowRight: () => stepFinding(1),
    ArrowLeft: () => stepFinding(-1),
    "?": () => setHelp((h) => !h),
    s: () => setHidden((h) => !h),
    Escape: () => {
      if (help) setHelp(false);
      else if (hidden) setHidden(false);
      else if (route.event !== undefined) go({ event: undefined });
      else if (route.finding !== undefined) go({ finding: undefined });
      else if (route.search !== "") go({ search: "" });
    },
    ...Object.fromEntries(
      VERDICTS.map(({ verdict, key }) => [
        key,
        () => void (found && give(given(found) === verdict ? null : verdict, "")),
      ]),
    ),
  });

  // The address of a case that was merged leads to the one it is told in.
  useEffect(() => {
    if (found && route.case !== undefined && route.case !== found.id) {
      go({ case: found.id }, { replace: true });
    }
  }, [found, route.case, go]);

  useEffect(() => {
    document.title = found ? `${found.headline} · wheeltapper` : "wheeltapper";
  }, [found]);

  return (
    <div class="page">
      <TopBar
        zone={zone.name}
        overview={overview.value}
        search={route.search}
        input={search}
        onSearch={(q) => go({ search: q }, { replace: route.search !== "" })}
        onHelp={() => setHelp((h) => !h)}
        onHidden={() => setHidden((h) => !h)}
      />
      <CaseList
        asked={list}
        overview={overview.value}
        route={route}
        shown={shown}
        zone={zone}
        go={go}
      />
      <main>
        {help && <Help onClose={() => setHelp(false)} />}
        {hidden && (
          <Suppressions
            version={version}
            route={route}
            go={go}
            zone={zone}
            end={end}
            onClose={() => setHidden(false)}
          />
        )}
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {found ? (
          <CasePane
            key={found.id}
            case={found}
            route={route}
            go={go}
            zone={zone}
            judge={give}
            end={end}
            offer={
              offered === found.id && (
                <Offer
                  case={found}
                  onHidden={() => setVersion((v) => v + 1)}
                  onDismiss={() => setOffered(undefined)}
                />
              )
            }
          />
        ) : asked.error !== undefined && shown !== undefined ? (
          <Failed error={asked.error} retry={() => setVersion((v) => v + 1)} />
        ) : list.error !== undefined ? (
          <Failed error={list.error} retry={() => setVersion((v) => v + 1)} />
        ) : shown === undefined && list.value ? (
          <NoCase overview={overview.value} route={route} zone={zone} go={go} />
        ) : (
          <Waiting />
        )}
      </main>
    </div>
  );
}

function leadsTo(found: CaseView, id: string | undefined): boolean {
  return id !== undefined && (found.id === id || found.formerly.includes(id));
}

function inTime(found: CaseView | undefined): number[] {
  return [...(found?.found ?? [])]
    .sort((a, b) => Date.parse(a.first) - Date.parse(b.first) || a.n - b.n)
    .map((f) => f.n);
}
