/**
 * The second look at a mutant that lives: whole test files, each in a process of its own, as mocha runs them. Many tests continue what those before
 * them began and cannot fail alone.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { Crew, type Result } from './crew.js'
import type { Mutant } from './operators.js'
import { tree } from './tree.js'

/** What one test file does as it is. */
interface Usual {
  readonly file: string
  readonly isGreen: boolean
  readonly ms: number
  readonly reached: readonly number[]
}

interface Looked {
  /** The test that fails with the mutant, twice, and not without it. */
  readonly killedBy: string | null
  /** How many files have reached it. */
  readonly tests: number
}

/** A file may start processes, and nobody sees what these reach. */
const startsOthers = /(processes|crash|workers)\.test/

export class WholeFiles {
  readonly #usual: readonly Usual[]
  /** What has noticed a mutant of a source file will notice others there. */
  readonly #killers = new Map<string, string[]>()

  private constructor(
    usual: readonly Usual[],
    readonly isBrowser: boolean,
  ) {
    this.#usual = [...usual].sort((a, b) => a.ms - b.ms)
  }

  /** Runs each file once as it is, and keeps what came of it for the same tests and mutants. */
  static async learn(
    files: readonly string[],
    { all, isBrowser, folder }: { all: readonly Mutant[]; isBrowser: boolean; folder: string },
  ): Promise<WholeFiles> {
    const usual: Usual[] = []
    const mutants = JSON.stringify(all)
    for (const file of files) {
      const hash = createHash('sha256').update(mutants)
      hash.update(file).update(readFileSync(join(tree, 'build', file)))
      const cache = join(folder, `file-${hash.digest('base64url').slice(0, 12)}.json`)
      if (!existsSync(cache)) writeFileSync(cache, JSON.stringify(await usualOf(file, isBrowser)))
      usual.push(JSON.parse(readFileSync(cache, 'utf8')) as Usual)
    }
    return new WholeFiles(usual, isBrowser)
  }

  get unfit(): readonly string[] {
    return this.#usual.filter(({ isGreen }) => !isGreen).map(({ file }) => file)
  }

  async judge({ id, file: source }: Mutant): Promise<Looked> {
    const reaching = this.#inOrder(id, source)
    const tests = reaching.length
    for (const usual of reaching) {
      const isRed = async (mutant: number) => (await runFile(usual, mutant, this.isBrowser)).failed
      const failed = await isRed(id)
      if (failed === null || (await isRed(0)) !== null || (await isRed(id)) === null) continue
      const others = (this.#killers.get(source) ?? []).filter((each) => each !== usual.file)
      this.#killers.set(source, [usual.file, ...others])
      return { killedBy: failed, tests }
    }
    return { killedBy: null, tests }
  }

  #inOrder(id: number, source: string): readonly Usual[] {
    const killers = this.#killers.get(source) ?? []
    const rank = ({ file }: Usual) => (killers.includes(file) ? killers.indexOf(file) : killers.length)
    return this.#usual
      .filter(({ isGreen }) => isGreen)
      .filter(({ file, reached }) => this.isBrowser || reached.includes(id) || startsOthers.test(file))
      .sort((a, b) => rank(a) - rank(b))
  }
}

async function usualOf(file: string, isBrowser: boolean): Promise<Usual> {
  const startMs = Date.now()
  const crew = new Crew([file], isBrowser)
  const { ran, failed, reached } = await crew.run(0, undefined, { patienceMs: 600_000, timeoutMs: 30_000 })
  crew.stop()
  return {
    file,
    isGreen: failed === null && ran.length > 0,
    ms: Date.now() - startMs,
    reached: [...new Set([...reached, ...crew.reachedByLoading])],
  }
}

/** Generous with time: the machine may be at other work too. */
function runFile({ file, ms }: Usual, mutant: number, isBrowser: boolean): Promise<Result> {
  return new Crew([file], isBrowser).run(mutant, undefined, {
    patienceMs: 60_000 + ms * 6,
    timeoutMs: 30_000,
    isStatic: true,
    isBailing: true,
  })
}
