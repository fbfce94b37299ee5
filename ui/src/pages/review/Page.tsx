// The page of reviewers: one account after the other, by the keys alone; and how it goes.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import {
  answerAccount,
  nextAccount,
  type Opinion,
  type Queue,
  type ReviewView,
  reviewed,
  to,
} from "../../api/client.ts";
import { useAnswer } from "../../api/use.ts";
import { counted } from "../../base/words.ts";
import { Failed, Waiting } from "../timeline/Empty.tsx";
import { useKeys } from "../timeline/keys.ts";
import { AccountPane } from "./AccountPane.tsx";
import { Metrics } from "./Metrics.tsx";
import { labelOf, OPINIONS, percent } from "./words.ts";

type View = "queue" | "metrics";
const METRICS = "/review/metrics";
const NAME = "wheeltapper.reviewer";

export function ReviewPage() {
  const [view, setView] = useState<View>(here);
  const [name, setName] = useState(() => localStorage.getItem(NAME) ?? "");
  const [queue, setQueue] = useState<Queue>();
  const [back, setBack] = useState<ReviewView>();
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<string>();
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [help, setHelp] = useState(false);
  const since = useRef(performance.now());
  const guidelines = useAnswer("guidelines", to(["review", "guidelines"]));

  const next = useCallback(async () => {
    const found = await nextAccount(name);
    setFailed(found.ok ? undefined : found.error);
    if (!found.ok) return;
    setQueue(found.value);
    setBack(undefined);
    since.current = performance.now();
  }, [name]);
  useEffect(() => {
    if (view === "queue") void next();
  }, [next, view]);
  useEffect(() => {
    const moved = () => setView(here());
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);

  const shown = back ?? queue?.account ?? undefined;
  useEffect(() => {
    document.title = view === "metrics" ? "Reviewing · wheeltapper" : "Accounts · wheeltapper";
  }, [view]);

  const give = async (opinion: Opinion) => {
    if (shown === undefined || busy) return;
    setBusy(true);
    const seconds = back ? 0 : (performance.now() - since.current) / 1000;
    const result = await answerAccount({
      account: shown.account,
      opinion,
      reviewer: name,
      reason,
      seconds,
    });
    setProblem(result.ok ? undefined : `It was not kept: ${result.error}`);
    if (result.ok) {
      setReason("");
      await next();
    }
    setBusy(false);
  };
  const open = async (account: string) => {
    const found = await reviewed(account, name);
    setProblem(found.ok ? undefined : found.error);
    if (found.ok) setBack(found.value);
  };
  const show = (to: View) => {
    const path = to === "metrics" ? METRICS : "/review";
    if (path !== location.pathname) history.pushState(null, "", path);
    setView(to);
  };

  useKeys({
    m: () => show(view === "metrics" ? "queue" : "metrics"),
    r: () => document.getElementById("reason")?.focus(),
    b: () => {
      const last = queue?.recent[0];
      if (last) void open(last.account);
    },
    n: () => void next(),
    "?": () => setHelp((h) => !h),
    Escape: () => {
      if (help) setHelp(false);
      else if (back) setBack(undefined);
      else if (view === "metrics") show("queue");
    },
    ...Object.fromEntries(
      view === "queue" ? OPINIONS.map(({ opinion, key }) => [key, () => void give(opinion)]) : [],
    ),
  });

  return (
    <div class="page">
      <header class="top">
        <a class="brand" href="/">
          wheeltapper
        </a>
        <nav class="views" aria-label="Views">
          <a href="/">Cases</a>
          <a
            href="/review"
            aria-current={view === "queue" ? "page" : undefined}
            onClick={within(() => show("queue"))}
          >
            Accounts
          </a>
          <a
            href={METRICS}
            aria-current={view === "metrics" ? "page" : undefined}
            onClick={within(() => show("metrics"))}
          >
            How it goes <kbd aria-hidden="true">m</kbd>
          </a>
        </nav>
        <label class="reviewer">
          reviewer{" "}
          <input
            defaultValue={name}
            placeholder={queue?.reviewer ?? "your name"}
            maxLength={200}
            onKeyDown={(e) => e.key === "Enter" && e.currentTarget.blur()}
            onBlur={(e) => {
              localStorage.setItem(NAME, e.currentTarget.value.trim());
              setName(e.currentTarget.value.trim());
            }}
          />
        </label>
        <button
          type="button"
          class="help-button"
          onClick={() => setHelp((h) => !h)}
          aria-label="Keys"
        >
          <kbd>?</kbd>
        </button>
      </header>
      <Work queue={queue} open={open} on={back?.account} />
      <main>
        {help && <Help onClose={() => setHelp(false)} />}
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {view === "metrics" ? (
          <Metrics onLearned={() => void next()} />
        ) : failed !== undefined ? (
          <Failed error={failed} retry={() => void next()} />
        ) : shown !== undefined ? (
          <AccountPane
            key={shown.account}
            account={shown}
            guidelines={guidelines.value}
            reason={reason}
            onReason={setReason}
            give={(opinion) => void give(opinion)}
            busy={busy}
          />
        ) : queue ? (
          <Nothing queue={queue} show={() => show("metrics")} />
        ) : (
          <Waiting />
        )}
      </main>
    </div>
  );
}

function Work({
  queue,
  open,
  on,
}: {
  queue: Queue | undefined;
  open: (account: string) => Promise<void>;
  on: string | undefined;
}) {
  return (
    <nav class="cases work" aria-label="Your work">
      <p class="note" role="status">
        {queue
          ? `${counted(queue.waiting, "account")} ${queue.waiting === 1 ? "waits" : "wait"}; you judged ${queue.today} today`
          : "…"}
      </p>
      <ol>
        {queue?.recent.map((one) => (
          <li key={one.account} class={one.account === on ? "on" : ""}>
            <button type="button" onClick={() => void open(one.account)}>
              <strong>
                <bdi>{one.account}</bdi>
              </strong>
              <span>
                {labelOf(one.opinion)} <small>the model said {percent(one.score)}</small>
              </span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Nothing({ queue, show }: { queue: Queue; show: () => void }) {
  return (
    <section class="empty">
      <h1>Nothing waits for you</h1>
      <p>
        {queue.waiting > 0
          ? `${counted(queue.waiting, "account")} wait for another reviewer, or are in their hands.`
          : "All that was put before people is settled."}{" "}
        {queue.can_learn ? (
          <>
            The model can learn from it now:{" "}
            <a href={METRICS} onClick={within(show)}>
              how it goes <kbd>m</kbd>
            </a>
          </>
        ) : (
          "The queue is filled by:"
        )}
      </p>
      {!queue.can_learn && (
        <pre>wheeltapper accounts score --data TABLES --model MODEL --queue</pre>
      )}
    </section>
  );
}

const KEYS: readonly (readonly [string, string])[] = [
  ["r", "write a reason; Esc leaves the field"],
  ["b", "back to the one judged last, to answer anew"],
  ["n", "the next one"],
  ["m", "how reviewing goes, and back"],
  ["t", "there: let the model learn"],
  ["Esc", "back"],
];

function Help({ onClose }: { onClose: () => void }) {
  return (
    <section class="help" aria-label="Keys">
      <button type="button" class="quiet" onClick={onClose}>
        Close <kbd>?</kbd>
      </button>
      <dl>
        {[...OPINIONS.map((o) => [o.key, `${o.label}: ${o.meaning}`] as const), ...KEYS].map(
          ([key, meaning]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ),
        )}
      </dl>
    </section>
  );
}

const here = (): View => (location.pathname.startsWith(METRICS) ? "metrics" : "queue");

function within(act: () => void) {
  return (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    act();
  };
}
