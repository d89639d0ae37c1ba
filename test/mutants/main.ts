/**
 * Breaks the code in every place that decides something, one at a time, and asks whether a test fails.
 *
 *     npm run test:mutants                     all; goes on where it was stopped, if nothing has changed since
 *     npm run test:mutants -- --server         or --browser: that half
 *     npm run test:mutants -- --only redeem    files with this in their path, from the start
 *     npm run test:mutants -- --again          those that lived once more, with far more time for each
 *     npm run test:mutants -- --sample         one of each file, as `npm test` does
 *     npm run test:mutants -- --resample       writes sample.json from the last run
 *
 * Those that no test notices stand in `survivors.json`, each with the reason.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Crew } from './crew.js'
import { Hunter, type Verdict } from './hunt.js'
import type { Mutant } from './operators.js'
import { browser, leftOut, type Scope, server } from './scope.js'
import { runSample, writeSample } from './sample.js'
import { buildTree, root, sourceFiles } from './tree.js'

const flags = process.argv.slice(2)
const only = flags.includes('--only') ? flags[flags.indexOf('--only') + 1] : undefined
const halves = [
  ...(flags.includes('--browser') ? [] : [{ half: 'server' as const, scopes: server }]),
  ...(flags.includes('--server') ? [] : [{ half: 'browser' as const, scopes: browser }]),
]

/** What lives is not worth long on the first run; few are left for the second. */
const isAgain = flags.includes('--again')

const resultsFile = join(root, 'build/mutants/results.ndjson')
const survivors = JSON.parse(readFileSync(join(root, 'test/mutants/survivors.json'), 'utf8')) as Record<
  string,
  Record<string, string>
>

process.exitCode = await main()

async function main(): Promise<number> {
  if (flags.includes('--sample')) return runSample()
  if (flags.includes('--resample')) {
    await writeSample([...before().values()])
    return 0
  }
  const verdicts: Verdict[] = []
  for (const { half, scopes } of halves) {
    const isIn = (file: string) =>
      scopes.some(({ sources }) => sources.some((source) => source.test(file))) &&
      (!only || file.includes(only))
    const mutants = await buildTree(isIn, [half])
    console.log(`${half}: ${mutants.length} mutants`)
    for (const scope of scopes) {
      const mine = scope.sources.flatMap((source) => mutants.filter(({ file }) => source.test(file)))
      if (mine.length > 0) verdicts.push(...(await judgeAll(scope, mine, half === 'browser')))
    }
  }
  return tell(verdicts)
}

async function judgeAll(
  scope: Scope,
  all: readonly Mutant[],
  isBrowser: boolean,
): Promise<readonly Verdict[]> {
  const files = testFiles(scope)
  const crew = new Crew(files, isBrowser)
  const hunter = new Hunter({ crew, isBrowser, mostMs: isBrowser || isAgain ? 120_000 : 10_000 })
  const { tests, unfit } = await hunter.learn(join(root, 'build/mutants'), all)
  console.log(
    `  ${tests} tests of ${files.length} files${unfit.length > 0 ? `; without ${unfit.join(' | ')}` : ''}`,
  )
  const known = only ? new Map<string, Verdict>() : before()
  const judged: Verdict[] = []
  for (const mutant of all) {
    const key = keyOf(mutant)
    const verdict =
      known.get(key) ??
      (await hunter.judge(
        mutant,
        new Set(all.filter(({ file }) => file === mutant.file).map(({ id }) => id)),
      ))
    judged.push(verdict)
    if (known.has(key)) continue
    appendFileSync(resultsFile, `${JSON.stringify({ key, ...verdict })}\n`)
    if (verdict.killedBy === null) console.log(`  lives: ${verdict.file}:${verdict.line} ${verdict.name}`)
  }
  crew.stop()
  return judged
}

function testFiles({ tests }: Scope): readonly string[] {
  return readdirSync(join(root, 'build/test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js') && !leftOut.test(name))
    .filter((name) => tests.some((beginning) => name.startsWith(beginning)))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((name) => `test/${name}`)
  function rank(name: string) {
    return tests.findIndex((beginning) => name.startsWith(beginning))
  }
}

/** What an earlier run has found, of files that are as they were. One that lived then may be noticed by now. */
function before(): Map<string, Verdict> {
  mkdirSync(join(root, 'build/mutants'), { recursive: true })
  if (!existsSync(resultsFile)) return new Map()
  const lines = readFileSync(resultsFile, 'utf8').trimEnd().split('\n')
  const found = lines.map((line) => JSON.parse(line) as Verdict & { key: string })
  const keep = isAgain ? found.filter(({ killedBy }) => killedBy !== null) : found
  return new Map(keep.map(({ key, ...verdict }) => [key, verdict]))
}

function keyOf({ file, name }: Mutant): string {
  return createHash('sha256')
    .update(readFileSync(join(root, file)))
    .update(name)
    .digest('base64url')
    .slice(0, 22)
}

function tell(all: readonly Verdict[]): number {
  const living = all.filter(({ killedBy }) => killedBy === null)
  const reasonOf = ({ file, name }: Verdict) => survivors[file]?.[name]
  const unexplained = living.filter((verdict) => reasonOf(verdict) === undefined)
  const rate = (100 * (all.length - living.length)) / all.length
  console.log(
    `${all.length} mutants, ${all.length - living.length} noticed (${rate.toFixed(1)} %), ${unexplained.length} live without a reason`,
  )
  for (const { file, line, name, tests } of unexplained)
    console.log(`  ${file}:${line} ${name} (${tests} tests)`)
  const [noticed, files] = [new Set(sourceFiles()), Object.keys(survivors)]
  const gone = files.filter((file) => !noticed.has(file))
  if (gone.length > 0) console.log(`  survivors.json names files that are gone: ${gone.join(', ')}`)
  return unexplained.length > 0 || gone.length > 0 || rate < 95 ? 1 : 0
}
