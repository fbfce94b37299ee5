// The bar above everything: search, the day's budget, the reader's clock, the keys.

import type { RefObject } from "preact";
import type { Overview } from "../../api/client.ts";
import { counted } from "../../base/words.ts";

interface Props {
  readonly overview: Overview | undefined;
  readonly search: string;
  readonly input: RefObject<HTMLInputElement | null>;
  readonly onSearch: (text: string) => void;
  readonly onHelp: () => void;
  readonly onHidden: () => void;
  readonly zone: string;
}

const MOST_PIPS = 20;

export function TopBar({ overview, search, input, onSearch, onHelp, onHidden, zone }: Props) {
  return (
    <header class="top">
      <a class="brand" href="/">
        wheeltapper
        {overview?.name ? <span> {overview.name}</span> : null}
      </a>
      <label class="search">
        <span class="hidden">Search cases</span>
        <input
          ref={input}
          type="search"
          value={search}
          placeholder="actor, address, action, case …"
          onInput={(e) => onSearch(e.currentTarget.value)}
          spellcheck={false}
          autocomplete="off"
        />
        {search === "" && <kbd aria-hidden="true">/</kbd>}
      </label>
      {overview && overview.budget.day !== "" && <Budget overview={overview} />}
      <span
        class="zone"
        title={`All times on this page are on your own clock; a day of a history is one in ${overview?.timezone ?? "UTC"}`}
      >
        {zone}
      </span>
      {overview?.reviewed && (
        <a class="to-review" href="/review">
          {overview.to_review > 0
            ? `${counted(overview.to_review, "account")} to review`
            : "accounts"}
        </a>
      )}
      {overview && overview.hidden > 0 && (
        <button
          type="button"
          class="quiet"
          onClick={onHidden}
          title="What is hidden, by whom and until when"
        >
          {counted(overview.hidden, "suppression")} <kbd aria-hidden="true">s</kbd>
        </button>
      )}
      <button type="button" class="help-button" onClick={onHelp} aria-label="Keys and gestures">
        <kbd>?</kbd>
      </button>
    </header>
  );
}

function Budget({ overview: { budget } }: { overview: Overview }) {
  const room = Math.min(MOST_PIPS, Math.ceil(budget.per_day));
  const day = new Date(`${budget.day}T12:00:00Z`).toLocaleDateString("en-GB", {
    timeZone: "UTC",
    day: "numeric",
    month: "short",
  });
  const words = `${budget.used} of ${budget.per_day} cases`;
  return (
    <span class="budget" title={`The log's last day, ${day}: ${words} that the budget allows`}>
      {day}: {words}
      <span class="pips" aria-hidden="true">
        {Array.from({ length: room }, (_, i) => (
          <i key={i} class={i < budget.used ? "on" : ""} />
        ))}
      </span>
    </span>
  );
}
