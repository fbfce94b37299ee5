// Findings that somebody hides: they are shown, greyed, and count nothing.

import type { FindingView, HiddenBy } from "../../api/client.ts";
import { type Heat, heat } from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";

/** `hidden until 12 Feb 2027 by ana: she moved` */
export function hiddenBy({ by, reason, until }: HiddenBy, zone: Zone): string {
  const words = `hidden until ${zone.fullDate(Date.parse(until))} by ${by}`;
  return reason === "" ? words : `${words}: ${reason}`;
}

/** How large a finding is drawn: one that is greyed is small, whatever it says. */
export function sizeOf(f: FindingView): Heat {
  return f.hidden ? "mild" : heat(f.bits);
}
