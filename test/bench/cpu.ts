/**
 * What a piece of work costs its servers, in CPU time of their processes: threads, garbage collection and the kernel's share
 * included, and far steadier than requests per second where the machine does other things too.
 */
import type { BenchServer } from './server.js'
import { type Spread, spreadOf } from './spread.js'

export interface Work {
  /** Whose CPU time counts. */
  readonly servers: readonly BenchServer[]
  /** How often it is done in a round. */
  readonly times: number
  readonly run: (times: number) => Promise<void>
}

const ROUNDS = 25
const WARM_UP_ROUNDS = 5

/**
 * Runs all works in turn, round after round, so that whatever slows the machine down slows down all of them.
 *
 * @returns of each, its CPU time per piece in microseconds, one figure per round
 */
export async function inTurns<Name extends string>(
  works: Record<Name, Work>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(works) as Name[]
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    for (const name of names) {
      const micros = await costOf(works[name])
      if (round >= 0) figures[name].push(micros)
    }
  }
  return figures
}

async function costOf({ servers, times, run }: Work): Promise<number> {
  const used = async () =>
    (await Promise.all(servers.map((server) => server.cpuMicros()))).reduce((a, b) => a + b, 0)
  const before = await used()
  await run(times)
  return ((await used()) - before) / times
}

/** Compares round by round. */
export const compared = (
  a: readonly number[],
  b: readonly number[],
  how: (a: number, b: number) => number,
): Spread => spreadOf(a.map((figure, round) => how(figure, b[round]!)))
