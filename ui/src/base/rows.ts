// Marks of one lane that would hide each other stand in rows below each other.

export interface Stretch {
  readonly left: number;
  readonly right: number;
}

/**
 * The row of each stretch, from 0; the first of them has the first choice. Two in one row do not
 * touch, unless all `most` rows are taken there: then the last one is shared.
 */
export function rows(stretches: readonly Stretch[], most: number): number[] {
  const taken: Stretch[][] = [];
  return stretches.map((one) => {
    for (let row = 0; row < most; row++) {
      const here = taken[row] ?? [];
      if (here.every((other) => one.right < other.left || one.left > other.right)) {
        taken[row] = [...here, one];
        return row;
      }
    }
    taken[most - 1]?.push(one);
    return most - 1;
  });
}
