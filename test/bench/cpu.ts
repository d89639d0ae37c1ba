/**
 * What a piece of work costs its servers, in CPU time of their processes: threads, garbage collection and the kernel's share
 * included, and far steadier than requests per second where the machine does other things too.
 */
import type { BenchServer } from './server.js'
import { type Spread, spreadOf } from './spread.js'

export interface Work {
  /** Whose CPU time counts. */
  readonly servers: readonly Pick<BenchServer, 'cpuMicros'>[]
  /** How often it is done in a round. */
  readonly times: number
  readonly run: (times: number) => Promise<void>
}

/** The bench's own, for what needs no server. */
export const thisProcess: Pick<BenchServer, 'cpuMicros'> = {
  cpuMicros: async () => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
}

const ROUNDS = 25
const WARM_UP_ROUNDS = 5

/**
 * Runs all works in turn, round after round, so that whatever slows the machine down slows down all of them.
 *
 * @param rounds more of them where two figures differ by little
 * @returns of each, its CPU time per piece in microseconds, one figure per round
 */
export async function inTurns<Name extends string>(
  works: Record<Name, Work>,
  rounds = ROUNDS,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(works) as Name[]
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
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
