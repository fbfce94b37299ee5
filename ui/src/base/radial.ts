// A tree of what lies about an account, as places on rings: what belongs together lies in one sector.

export interface Tie {
  readonly a: number;
  readonly b: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  /** Steps from the middle; -1 for what nothing ties to it. */
  readonly ring: number;
}

const TURN = 2 * Math.PI;

/**
 * Places in a square of -1 to 1, the first node in the middle; the same ties give the same picture.
 * Where a node goes is told by `ties`, and by `rest` only for those that `ties` do not reach.
 */
export function radial(
  nodes: number,
  ties: readonly Tie[],
  rest: readonly Tie[] = [],
): readonly Place[] {
  const { children, ring } = tree(nodes, ties, rest);
  const rings = Math.max(1, ...ring);
  const leaves = Array.from({ length: nodes }, () => 1);
  const order = ring.map((_, i) => i).sort((p, q) => (ring[q] ?? 0) - (ring[p] ?? 0));
  for (const i of order) {
    const below = children[i] ?? [];
    if (below.length > 0) leaves[i] = below.reduce((sum, c) => sum + (leaves[c] ?? 1), 0);
  }
  const places: Place[] = ring.map((r) => ({ x: 0, y: 0, ring: r }));
  const lay = (i: number, from: number, to: number): void => {
    let at = from;
    for (const child of children[i] ?? []) {
      const upto = at + ((to - from) * (leaves[child] ?? 1)) / (leaves[i] ?? 1);
      const angle = (at + upto) / 2;
      const r = (ring[child] ?? 0) / rings;
      places[child] = { x: r * Math.sin(angle), y: -r * Math.cos(angle), ring: ring[child] ?? 0 };
      lay(child, at, upto);
      at = upto;
    }
  };
  if (nodes > 0) lay(0, 0, TURN);
  return places;
}

function tree(nodes: number, ties: readonly Tie[], rest: readonly Tie[]) {
  const ring = Array.from({ length: nodes }, () => -1);
  const children: number[][] = Array.from({ length: nodes }, () => []);
  if (nodes > 0) ring[0] = 0;
  for (const some of [ties, rest]) {
    const near: number[][] = Array.from({ length: nodes }, () => []);
    for (const { a, b } of some) {
      near[a]?.push(b);
      near[b]?.push(a);
    }
    const queue = ring.flatMap((r, i) => (r === -1 ? [] : [i]));
    for (let i = queue.shift(); i !== undefined; i = queue.shift()) {
      for (const other of near[i] ?? []) {
        if (ring[other] !== -1) continue;
        ring[other] = (ring[i] ?? 0) + 1;
        children[i]?.push(other);
        queue.push(other);
      }
    }
  }
  return { children, ring };
}
