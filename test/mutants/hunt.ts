/**
 * Looks for a test that fails while a mutant is on, among those that reach it: first what has noticed others in the file, then what cites the
 * rule that the source cites there, then one test of each way through the file, the quickest first.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Crew, Result } from './crew.js'
import { type Mutant, rulesIn } from './operators.js'
import { tree } from './tree.js'
import type { Ran } from './worker.js'

export interface Verdict {
  readonly file: string
  readonly line: number
  readonly name: string
  /** The test that noticed it. */
  readonly killedBy: string | null
  /** That test may need the ones before it in its file. */
  readonly isInItsFile?: true
  /** How many tests have reached it, of those that were run. */
  readonly tests: number
}

export interface Hunt {
  readonly crew: Crew
  readonly isBrowser: boolean
  /** How long one mutant may take, in tests' time. */
  readonly mostMs: number
}

interface Learned {
  readonly ran: readonly Ran[]
  readonly byLoading: readonly number[]
}

function readLearned(cache: string): Learned | undefined {
  return existsSync(cache) ? (JSON.parse(readFileSync(cache, 'utf8')) as Learned) : undefined
}

/** By the tests as they are built, and the mutants with their numbers. */
function keyOf(files: readonly string[], all: readonly Mutant[]): string {
  const hash = createHash('sha256').update(JSON.stringify(all))
  for (const file of files) hash.update(readFileSync(join(tree, 'build', file)))
  return hash.digest('base64url').slice(0, 12)
}

interface Known {
  readonly ms: number
  readonly reached: ReadonlySet<number>
}

type Reaching = readonly [test: string, known: Known]

const ROUNDS = [6, 40, Infinity]

export class Hunter {
  readonly #tests = new Map<string, Known>()
  /** What has noticed a mutant of a file will notice others there. */
  readonly #killers = new Map<string, string[]>()

  constructor(readonly hunt: Hunt) {}

  /** Runs every test once as it is: what fails now can show nothing later. What came of it is kept for the same tests and mutants. */
  async learn(folder: string, all: readonly Mutant[]): Promise<{ tests: number; unfit: readonly string[] }> {
    const { crew } = this.hunt
    const cache = join(folder, `learned-${keyOf(crew.files, all)}.json`)
    let learned = readLearned(cache)
    if (!learned) {
      const { ran, failed } = await crew.run(0, undefined, { patienceMs: 7_200_000, timeoutMs: 30_000 })
      if (ran.length === 0) throw new Error(`No test runs: ${failed ?? ''}`)
      learned = { ran, byLoading: [...crew.reachedByLoading] }
      writeFileSync(cache, JSON.stringify(learned))
    }
    crew.reachedByLoading = new Set(learned.byLoading)
    for (const { name, passed, ms, reached } of learned.ran)
      if (passed) this.#tests.set(name, { ms, reached: new Set(reached) })
    return {
      tests: this.#tests.size,
      unfit: learned.ran.filter(({ passed }) => !passed).map(({ name }) => name),
    }
  }

  async judge(mutant: Mutant, ofFile: ReadonlySet<number>): Promise<Verdict> {
    const { id, file, line, name } = mutant
    const { crew, isBrowser, mostMs } = this.hunt
    const reaching = this.#reaching((reached) => isBrowser || reached.has(id))
    const isStatic = !isBrowser && reaching.length === 0 && crew.reachedByLoading.has(id)
    const tests = isStatic
      ? this.#reaching((reached) => [...ofFile].some((each) => reached.has(each)))
      : reaching
    const verdict = { file, line, name, tests: tests.length }
    const ordered = within(mostMs, this.#inOrder(tests, mutant, ofFile))
    for (let from = 0, round = 0; from < ordered.length; round += 1) {
      const some = ordered.slice(from, from + (isStatic ? Infinity : (ROUNDS[round] ?? Infinity)))
      from += some.length
      const runSome = () =>
        this.#run(
          id,
          some.map(([test]) => test),
          some,
          isStatic,
        )
      const { failed } = await runSome()
      if (failed === null) continue
      const at = some.findIndex(([test]) => test === failed)
      if (at < 0) {
        // A hook, or the process itself: the machine may be the reason.
        if ((await runSome()).failed === null) continue
      } else if (!(await this.#isDoing(id, some[at]!, isStatic))) {
        // Something else was it; the rest of this round has not been run.
        from -= some.length
        ordered.splice(from + at, 1)
        continue
      }
      this.#killers.set(
        file,
        [failed, ...(this.#killers.get(file) ?? []).filter((each) => each !== failed)].slice(0, 8),
      )
      return { ...verdict, killedBy: failed }
    }
    return { ...verdict, killedBy: null }
  }

  #run(
    id: number,
    tests: readonly string[],
    known: readonly (readonly [string, Known])[],
    isStatic: boolean,
  ): Promise<Result> {
    const longest = Math.max(...known.map(([, { ms }]) => ms))
    const all = known.reduce((sum, [, { ms }]) => sum + ms, 0)
    return this.hunt.crew.run(id, tests, {
      patienceMs: 30_000 + all * 6,
      timeoutMs: Math.min(20_000, 4000 + longest * 6),
      isStatic,
    })
  }

  /**
   * Whether a test that has failed does so again alone, and passes alone without the mutant. If not, what ran before it may be the reason, or the
   * machine, or what other mutants have left in this process: so once more in a new one.
   */
  async #isDoing(id: number, [test, known]: readonly [string, Known], isStatic: boolean): Promise<boolean> {
    const isRed = async (mutant: number) => {
      const { failed } = await this.#run(mutant, [test], [[test, known]], isStatic && mutant !== 0)
      return failed !== null
    }
    if (!(await isRed(id))) return false
    if (!(await isRed(0))) return true
    this.hunt.crew.stop()
    return !(await isRed(0)) && (await isRed(id))
  }

  #reaching(fits: (reached: ReadonlySet<number>) => boolean) {
    return [...this.#tests].filter(([, { reached }]) => fits(reached))
  }

  #inOrder(tests: readonly Reaching[], { file, rules }: Mutant, ofFile: ReadonlySet<number>) {
    const killers = this.#killers.get(file) ?? []
    const rank = (test: string) => (killers.includes(test) ? killers.indexOf(test) : killers.length)
    // Where a test file's own order counts, what comes first there is likelier to stand alone.
    if (this.hunt.isBrowser) return [...tests].sort(([a], [b]) => rank(a) - rank(b))
    const isCited = ([test]: Reaching) => rulesIn(test).some((rule) => rules.includes(rule))
    const quickest = [...tests].sort(([, { ms }], [, { ms: other }]) => ms - other)
    const [cited, others] = [quickest.filter(isCited), quickest.filter((test) => !isCited(test))]
    return [...cited, ...oneOfEachWay(others, ofFile)].sort(([a], [b]) => rank(a) - rank(b))
  }
}

/** Tests that go the same way through a file notice much the same: so one of each way comes first, then a second of each. */
function oneOfEachWay(tests: readonly Reaching[], ofFile: ReadonlySet<number>): readonly Reaching[] {
  const ways = new Map<string, number>()
  const turns = tests.map((test) => {
    const [, { reached }] = test
    const way = [...ofFile].filter((id) => reached.has(id)).join()
    const turn = ways.get(way) ?? 0
    ways.set(way, turn + 1)
    return { test, turn }
  })
  return turns.sort((a, b) => a.turn - b.turn).map(({ test }) => test)
}

function within(mostMs: number, tests: readonly (readonly [string, Known])[]) {
  let sum = 0
  return tests.filter(([, { ms }]) => (sum += ms) <= mostMs || sum === ms)
}
