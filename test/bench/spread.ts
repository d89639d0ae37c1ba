/** A figure that was taken several times. The median, because a machine that does something else now and then spoils a mean. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const around = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1)
  return { median: around.reduce((a, b) => a + b, 0) / around.length, min: sorted[0]!, max: sorted.at(-1)! }
}

/** The same between the quarters: of many figures that differ by little, the two farthest only show what else the machine has done. */
export function middleHalfOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b)
  const quarter = Math.floor(sorted.length / 4)
  return spreadOf(sorted.slice(quarter, sorted.length - quarter))
}
