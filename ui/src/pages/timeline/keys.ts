// Keys of the whole page; what is typed into a field stays there.

import { useEffect, useRef } from "preact/hooks";

export type Keys = Readonly<Record<string, () => void>>;

export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target;
      if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) {
        if (event.key === "Escape") target.blur();
        return;
      }
      const shift = event.shiftKey && event.key.startsWith("Arrow") ? "Shift " : "";
      const act = current.current[shift + event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
