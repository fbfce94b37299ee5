// Where the reader is, as the address bar says, and how they get elsewhere.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { address, parse, type Route } from "../../base/route.ts";

export type Go = (change: Partial<Route>, how?: { replace?: boolean }) => void;

const here = () => parse(location.pathname, location.search);

export function useRoute(): readonly [Route, Go] {
  const [route, setRoute] = useState(here);
  const current = useRef(route);
  current.current = route;
  useEffect(() => {
    const back = () => setRoute(here());
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const go = useCallback<Go>((change, { replace = false } = {}) => {
    const next = { ...current.current, ...change };
    const to = address(next);
    if (to === location.pathname + location.search) return;
    if (replace) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
    current.current = next;
    setRoute(next);
  }, []);
  return [route, go];
}

/** A link that changes the view without leaving the page, and still opens in a new tab. */
export function follow(go: Go, change: Partial<Route>) {
  return (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(change);
  };
}
