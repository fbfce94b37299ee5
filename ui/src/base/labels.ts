// Labels beside marks of one lane: the higher ranked wins, none crosses a mark or another label.

export interface Mark {
  readonly left: number;
  readonly right: number;
  /** Width of its label; 0 where it has none. */
  readonly label: number;
}

/** Where the label starts; undefined where there is no room. */
export type Place = number | undefined;

const GAP = 8;
const TOUCHING = 3;

/** The stretch that overlapping marks cover together, for each mark. */
function clusters(marks: readonly Mark[]): [number, number][] {
  const found: [number, number][] = [];
  const order = marks.map((_, i) => i).sort((a, b) => at(marks, a).left - at(marks, b).left);
  let open: [number, number] | undefined;
  for (const i of order) {
    const { left, right } = at(marks, i);
    if (open && left <= open[1] + TOUCHING) open[1] = Math.max(open[1], right);
    else open = [left, right];
    found[i] = open;
  }
  return found;
}

function at(marks: readonly Mark[], i: number): Mark {
  return marks[i] ?? { left: 0, right: 0, label: 0 };
}

/**
 * Where each mark's label starts, if there is room for it; marks come by rank, the first wins.
 * Everything lies between `left` and `right`, in pixels.
 */
export function place(marks: readonly Mark[], left: number, right: number): Place[] {
  const taken: [number, number][] = marks.map((m) => [m.left, m.right]);
  const cluster = clusters(marks);
  return marks.map((mark, i) => {
    if (mark.label === 0 || mark.right < left || mark.left > right) return undefined;
    const [from, to] = cluster[i] ?? [mark.left, mark.right];
    const free = (x: number) =>
      x >= left &&
      x + mark.label <= right &&
      taken.every(([a, b]) => x + mark.label + GAP / 2 <= a || x - GAP / 2 >= b);
    // Beside the mark; where others touch it, beside them all.
    const x = [
      mark.right + GAP,
      mark.left - GAP - mark.label,
      to + GAP,
      from - GAP - mark.label,
    ].find(free);
    if (x !== undefined) taken.push([x - GAP / 2, x + mark.label + GAP / 2]);
    return x;
  });
}
