/**
 * What has been judged, in the repository: `judged.json` says of each source file how many mutants were noticed and which ones live. It holds as
 * long as the source file is the same, byte for byte, so each run judges only what has changed, on whichever machine.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Verdict } from './hunt.js'
import type { Mutant } from './operators.js'
import { part } from './part.js'
import { root, sourceFiles } from './tree.js'

/** What has looked at a mutant that lives: single tests for some seconds, or every test file that reaches it. */
type Pass = 'single tests' | 'whole files'

export interface Judged {
  /** Of the source file. */
  readonly hash: string
  readonly noticed: number
  /** The names of the mutants that no test has noticed. */
  readonly lives: Readonly<Record<string, Pass>>
}

type Judgements = Readonly<Record<string, Judged>>

const recordFile = join(root, 'test/mutants/judged.json')

/** By names of source files: what still holds. */
export function readRecord(mutants: readonly Mutant[]): ReadonlyMap<string, Judged> {
  const counts = countsOf(mutants)
  const entries = Object.entries(read())
  return new Map(
    entries.filter(
      ([file, { hash, noticed, lives }]) =>
        // Another number of mutants: the operators have changed.
        counts.get(file) === noticed + Object.keys(lives).length && hash === hashOf(file),
    ),
  )
}

/** @param verdicts of all mutants of one source file */
export function keep(verdicts: readonly Verdict[]): void {
  const [first] = verdicts
  if (!first) return
  const living = verdicts.filter(({ killedBy }) => killedBy === null).map(({ name }) => name)
  write(first.file, {
    hash: hashOf(first.file),
    noticed: verdicts.length - living.length,
    lives: Object.fromEntries(living.map((name) => [name, 'single tests'])),
  })
}

/** @param name of one that lived, and that a test has noticed since */
export function keepNoticed(file: string, name: string): void {
  const judged = read()[file]
  if (!judged) return
  const { [name]: _, ...lives } = judged.lives
  write(file, { ...judged, noticed: judged.noticed + 1, lives })
}

/** @param name of one that every test file has looked at */
export function keepLiving(file: string, name: string): void {
  const judged = read()[file]
  if (judged) write(file, { ...judged, lives: { ...judged.lives, [name]: 'whole files' } })
}

const hashOf = (file: string): string =>
  createHash('sha256')
    .update(readFileSync(join(root, file)))
    .digest('base64url')
    .slice(0, 22)

function countsOf(mutants: readonly Mutant[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { file } of mutants) counts.set(file, (counts.get(file) ?? 0) + 1)
  return counts
}

function read(): Judgements {
  return existsSync(recordFile) ? (JSON.parse(readFileSync(recordFile, 'utf8')) as Judgements) : {}
}

/** Another part may write too: so each reads again just before, and puts the whole file there at once. */
function write(file: string, judged: Judged): void {
  const there = new Set(sourceFiles())
  const entries = Object.entries({ ...read(), [file]: judged })
  const sorted = entries.filter(([each]) => there.has(each)).sort(([a], [b]) => (a < b ? -1 : 1))
  const mine = `${recordFile}.${part.number}`
  writeFileSync(mine, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
  renameSync(mine, recordFile)
}
