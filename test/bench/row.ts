/** One line of the bench's table, and what makes such lines. A new group of rows is a new file and one line in `main.ts`. */
import type { Spread } from './spread.js'

export interface Row {
  readonly what: string
  readonly figure: number
  readonly unit: string
  /** What the figure varied between, where it was taken several times. */
  readonly range?: readonly [number, number]
  /** Absent: the row only informs. */
  readonly target?: Target
  /** How it was measured, where that is not plain from its name. */
  readonly note?: string
}

type Target = { readonly atMost: number } | { readonly atLeast: number }

export interface Group {
  readonly name: string
  /** Measured only where it is asked for by its name. */
  readonly isSeldom?: boolean
  /** Measures, and cleans up after itself. */
  readonly measure: (asked: Asked) => Promise<readonly Row[]>
}

/** What the command line says of how to measure. */
interface Asked {
  /** How many sessions a grown store has. */
  readonly sessions: number
}

export const isMet = ({ figure, target }: Row): boolean =>
  !target || ('atMost' in target ? figure <= target.atMost : figure >= target.atLeast)

/** A row of a figure that was taken several times: its median, and between what it varied. */
export const spreadRow = ({ median, min, max }: Spread, rest: Omit<Row, 'figure' | 'range'>): Row => ({
  ...rest,
  figure: median,
  range: [min, max],
})
