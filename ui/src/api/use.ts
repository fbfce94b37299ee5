// An answer of the server inside a component: the last one stays while the next is on its way.

import { useEffect, useState } from "preact/hooks";
import { type Answers, get } from "./client.ts";

export interface Asked<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  /** The address that `value` answers. */
  readonly of: string | undefined;
  readonly loading: boolean;
}

/** Asks when `path` or `version` changes, after `wait` quiet milliseconds; undefined asks nothing. */
export function useAnswer<K extends keyof Answers>(
  kind: K,
  path: string | undefined,
  { version = 0, wait = 0 }: { version?: number; wait?: number } = {},
): Asked<Answers[K]> {
  const [asked, setAsked] = useState<Asked<Answers[K]>>({
    value: undefined,
    error: undefined,
    of: undefined,
    loading: path !== undefined,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version asks the same again
  useEffect(() => {
    if (path === undefined) return;
    const stop = new AbortController();
    setAsked((a) => ({ ...a, loading: true }));
    const timer = setTimeout(() => {
      get(kind, path, stop.signal).then(
        (result) => {
          if (stop.signal.aborted) return;
          setAsked(
            result.ok
              ? { value: result.value, error: undefined, of: path, loading: false }
              : { value: undefined, error: result.error, of: path, loading: false },
          );
        },
        () => undefined, // aborted: nobody waits for it any more
      );
    }, wait);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [kind, path, version, wait]);
  return asked;
}
