// Labels beside marks of one lane: the higher ranked wins, none crosses a mark or another label.

export interface Mark {
  readonly left: number;
  readonly right: number;
  /** Width of its label; 0 where it has none. */
  readonly label: number;
}

export type Place = { readonly x: number; readonly inside: boolean } | undefined;

const GAP = 6;

/**
 * Where each mark's label starts, if there is room for it; marks come by rank, the first wins.
 * Everything lies between `left` and `right`, in pixels.
 */
export function place(marks: readonly Mark[], left: number, right: number): Place[] {
  const taken: [number, number][] = marks.map((m) => [m.left, m.right]);
  return marks.map((mark, i) => {
    if (mark.label === 0 || mark.right < left || mark.left > right) return undefined;
    const free = (from: number, to: number, but = -1) =>
      from >= left && to <= right && taken.every(([a, b], j) => j === but || to <= a || from >= b);
    const after = mark.right + GAP;
    const before = mark.left - GAP - mark.label;
    let found: Place;
    if (free(after - GAP / 2, after + mark.label + GAP / 2, i)) found = { x: after, inside: false };
    else if (free(before - GAP / 2, mark.left, i)) found = { x: before, inside: false };
    if (found) taken.push([found.x - GAP / 2, found.x + mark.label + GAP / 2]);
    return found;
  });
}
