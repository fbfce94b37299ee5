// All keys and gestures, above the case while it is asked for.

import { VERDICTS } from "./verdicts.ts";

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "search"],
  ["j k", "next and previous case"],
  ["← →", "findings in the order of time"],
  ["+ −", "zoom; so does the wheel, and a double click"],
  ["0", "the whole case again"],
  ["Shift ← →", "move in time; so does dragging"],
  ["Esc", "back one step: event, finding, search"],
  ["1 … 5", "a verdict; the same again takes it back"],
  ["h", "after “Expected”: hide the like of it"],
  ["s", "what is hidden, by whom and until when"],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <section class="help" aria-label="Keys and gestures">
      <button type="button" class="quiet" onClick={onClose}>
        Close <kbd>?</kbd>
      </button>
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              {key.split(" ").map((k) => (
                <kbd key={k}>{k}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
        {VERDICTS.map(({ key, label, meaning }) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>
              {label}: {meaning}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
