// A raw record made readable, as text: JSON is laid out without being understood, so that numbers,
// repeated keys and escapes stay exactly as they came.

const DEEPEST = 60;

/** JSON text on many lines; anything else comes back as it is. */
export function laidOut(raw: string): string {
  try {
    JSON.parse(raw);
  } catch {
    return raw;
  }
  let out = "";
  let depth = 0;
  let last = "";
  for (let i = 0; i < raw.length; i++) {
    const c = raw.charAt(i);
    if (/\s/.test(c)) continue;
    const empty = last === "{" || last === "[";
    last = c;
    if (c === '"') {
      const end = stringEnd(raw, i);
      out += raw.slice(i, end);
      i = end - 1;
    } else if (c === "{" || c === "[") {
      depth += 1;
      out += /^\s{0,200}[}\]]/.test(raw.slice(i + 1, i + 202)) ? c : c + line(depth);
    } else if (c === "}" || c === "]") {
      depth -= 1;
      out += empty ? c : line(depth) + c;
    } else if (c === ",") {
      out += c + line(depth);
    } else if (c === ":") {
      out += ": ";
    } else {
      out += c;
    }
  }
  return out;
}

function line(depth: number): string {
  return `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
}

function stringEnd(raw: string, start: number): number {
  let i = start + 1;
  while (i < raw.length && raw.charAt(i) !== '"') i += raw.charAt(i) === "\\" ? 2 : 1;
  return i + 1;
}
