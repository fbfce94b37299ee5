// Nothing to show, or not yet, or not any more: each says what it means and what to do.

import type { Overview } from "../../api/client.ts";
import type { Route } from "../../base/route.ts";
import { count, counted } from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";
import { follow, type Go } from "./navigation.ts";

interface Props {
  readonly overview: Overview | undefined;
  readonly route: Route;
  readonly zone: Zone;
  readonly go: Go;
}

export function NoCase({ overview, route, zone, go }: Props) {
  if (!overview) return <Waiting />;
  if (route.search !== "") {
    return (
      <section class="empty">
        <h1>
          No {route.tab} case speaks of “{route.search}”
        </h1>
        <p>
          Headlines, people, applications, detectors and techniques were searched, and the
          addresses, actions, targets, devices and sessions of every act within a case.{" "}
          <a href="/" onClick={follow(go, { search: "" })}>
            Show all cases
          </a>
        </p>
      </section>
    );
  }
  if (overview.acts === 0 || !overview.first || !overview.last) {
    return (
      <section class="empty">
        <h1>Nothing was read yet</h1>
        <p>Give it some logs; the kind is found out by itself:</p>
        <pre>wheeltapper run PATH…</pre>
      </section>
    );
  }
  const looked = `${counted(overview.acts, "act")} by ${counted(overview.actors, "account")} looked at, ${counted(overview.findings_below, "finding")} below the budget`;
  const span = zone.span(Date.parse(overview.first), Date.parse(overview.last));
  if (route.tab === "closed") {
    return (
      <section class="empty">
        <h1>No case was judged yet</h1>
        <p>A verdict closes a case; it can be taken back here at any time.</p>
      </section>
    );
  }
  return (
    <section class="empty">
      <h1>{overview.closed > 0 ? "Every case is judged" : "No case"}</h1>
      <p>
        {looked}.<br />
        {span}, {zone.name}.
      </p>
      {overview.closed > 0 && (
        <p>
          <a href="/?tab=closed" onClick={follow(go, { tab: "closed" })}>
            See the {count(overview.closed)} closed
          </a>
        </p>
      )}
    </section>
  );
}

export function Waiting() {
  return (
    <section class="empty waiting" role="status">
      <p>Reading …</p>
    </section>
  );
}

export function Failed({ error, retry }: { error: string; retry: () => void }) {
  return (
    <section class="empty" role="alert">
      <h1>This could not be read</h1>
      <p>{error}</p>
      <p>
        <button type="button" onClick={retry}>
          Try again
        </button>
      </p>
    </section>
  );
}
