/**
 * Breaks the code in every place that decides something, one at a time, and asks whether a test fails.
 *
 *     npm run test:mutants                     all that `judged.json` does not hold yet; goes on where it was stopped
 *     npm run test:mutants -- --server         or --browser: that half
 *     npm run test:mutants -- --part 1/2       half of the source files; another process takes 2/2 at the same time
 *     npm run test:mutants -- --only redeem    files with this in their path, from the start
 *     npm run test:mutants -- --again          those that lived once more, by whole test files
 *     npm run test:mutants -- --told           judges nothing, and says what share has been judged
 *     npm run test:mutants -- --sample         one of each file, as `npm test` does
 *     npm run test:mutants -- --resample       puts what is gone from sample.json there anew, from the last run
 *
 * Those that no test notices stand in `survivors.json`, each with the reason.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Crew } from './crew.js'
import { Hunter, type Verdict } from './hunt.js'
import type { Mutant } from './operators.js'
import { shareOf } from './part.js'
import { keep, keepLiving, keepNoticed, readRecord } from './record.js'
import { reasonFor, unfounded } from './reasons.js'
import { browser, leftOut, type Scope, server } from './scope.js'
import { runSample, writeSample } from './sample.js'
import { buildTree, mutantsOf, root, sourceFiles } from './tree.js'
import { WholeFiles } from './whole-files.js'

const flags = process.argv.slice(2)
const only = flags.includes('--only') ? flags[flags.indexOf('--only') + 1] : undefined
const isOnly = ({ file }: Mutant) => !only || file.includes(only)
const halves = [
  ...(flags.includes('--browser') ? [] : [{ half: 'server' as const, scopes: server }]),
  ...(flags.includes('--server') ? [] : [{ half: 'browser' as const, scopes: browser }]),
]

const folder = join(root, 'build/mutants')
/** Of source files that are judged in part: the record holds whole ones. */
const resultsFile = join(folder, 'results.ndjson')

process.exitCode = await main()

async function main(): Promise<number> {
  if (flags.includes('--sample')) return runSample()
  mkdirSync(folder, { recursive: true })
  if (flags.includes('--resample')) {
    await writeSample([...before().values()])
    return 0
  }
  const all: Mutant[] = []
  for (const { half, scopes } of halves) {
    const isIn = (file: string) => scopes.some(({ sources }) => sources.some((source) => source.test(file)))
    const files = sourceFiles().filter(isIn)
    const mutants = mutantsOf(files)
    all.push(...mutants)
    if (flags.includes('--told') || !mutants.some(isOnly)) continue
    console.log(`${half}: ${mutants.length} mutants`)
    await buildTree(isIn, [half])
    for (const scope of scopes) {
      const mine = scope.sources.flatMap((source) => mutants.filter(({ file }) => source.test(file)))
      const isBrowser = half === 'browser'
      await (flags.includes('--again') ? lookAgain : judgeAll)(scope, mine, isBrowser)
    }
  }
  return tell(all)
}

/** The first pass: single tests, the likeliest first, and not for long, because most mutants are noticed at once. */
async function judgeAll(scope: Scope, all: readonly Mutant[], isBrowser: boolean): Promise<void> {
  const record = readRecord(all)
  const mine = shareOf(all).filter(only ? isOnly : ({ file }) => !record.has(file))
  if (mine.length === 0) return
  const files = testFiles(scope.likeliest ?? scope.tests).filter((name) => !leftOut.test(name))
  const crew = new Crew(files, isBrowser)
  const hunter = new Hunter({ crew, isBrowser, mostMs: isBrowser ? 120_000 : 10_000 })
  const { tests, unfit } = await hunter.learn(folder, all)
  console.log(`  ${mine.length} to judge by ${tests} tests of ${files.length} files${without(unfit)}`)
  const known = only ? new Map<string, Verdict>() : before()
  for (const source of new Set(mine.map(({ file }) => file))) {
    const ofFile = mine.filter(({ file }) => file === source)
    const ids = new Set(ofFile.map(({ id }) => id))
    const verdicts: Verdict[] = []
    for (const mutant of ofFile) {
      const earlier = known.get(keyOf(mutant))
      const verdict = earlier ?? (await hunter.judge(mutant, ids))
      verdicts.push(verdict)
      if (!earlier) note(mutant, verdict)
    }
    keep(verdicts)
  }
  crew.stop()
}

/** The second pass: whole test files, with all the time they need, for those that live and have no reason to. */
async function lookAgain(scope: Scope, all: readonly Mutant[], isBrowser: boolean): Promise<void> {
  const record = readRecord(all)
  const lives = ({ file, name }: Mutant) => record.get(file)?.lives[name] !== undefined
  const mine = shareOf(all).filter((each) => isOnly(each) && lives(each) && !reasonFor(each))
  if (mine.length === 0) return
  const files = testFiles(scope.tests)
  const whole = await WholeFiles.learn(files, { all, isBrowser, folder })
  console.log(`  ${mine.length} to judge by ${files.length} whole files${without(whole.unfit)}`)
  for (const mutant of mine) {
    const { file, line, name } = mutant
    const { killedBy, tests } = await whole.judge(mutant)
    if (killedBy === null) keepLiving(file, name)
    else keepNoticed(file, name)
    note(mutant, { file, line, name, killedBy, isInItsFile: true, tests })
  }
}

function note(mutant: Mutant, verdict: Verdict): void {
  appendFileSync(resultsFile, `${JSON.stringify({ key: keyOf(mutant), ...verdict })}\n`)
  if (verdict.killedBy === null) console.log(`  lives: ${verdict.file}:${verdict.line} ${verdict.name}`)
}

function without(unfit: readonly string[]): string {
  return unfit.length > 0 ? `; without ${unfit.join(' | ')}` : ''
}

/** @param beginnings patterns of paths below `test/` */
function testFiles(beginnings: readonly string[]): readonly string[] {
  const rank = (name: string) => beginnings.findIndex((beginning) => new RegExp(`^${beginning}`).test(name))
  return readdirSync(join(root, 'build/test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js') && rank(name) >= 0)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((name) => `test/${name}`)
}

/** What an earlier run has found, of files that are as they were: the last word on each. */
function before(): Map<string, Verdict> {
  if (!existsSync(resultsFile)) return new Map()
  const lines = readFileSync(resultsFile, 'utf8').trimEnd().split('\n')
  const found = lines.map((line) => JSON.parse(line) as Verdict & { key: string })
  return new Map(found.map(({ key, ...verdict }) => [key, verdict]))
}

function keyOf({ file, name }: Mutant): string {
  return createHash('sha256')
    .update(readFileSync(join(root, file)))
    .update(name)
    .digest('base64url')
    .slice(0, 22)
}

/** What the record says of all of them, and not of this run alone. */
function tell(all: readonly Mutant[]): number {
  const record = readRecord(all)
  const judged = all.filter(({ file }) => record.has(file))
  const living = judged.filter(({ file, name }) => record.get(file)?.lives[name] !== undefined)
  const unexplained = living.filter((mutant) => !reasonFor(mutant))
  const percent = (some: number, of: number) => `${((100 * some) / Math.max(1, of)).toFixed(1)} %`
  const noticed = judged.length - living.length
  console.log(
    `${all.length} mutants, ${judged.length} judged (${percent(judged.length, all.length)}): ` +
      `${noticed} noticed (${percent(noticed, judged.length)}), ` +
      `${living.length - unexplained.length} live with a reason, ${unexplained.length} without one`,
  )
  for (const { file, line, name } of unexplained.filter(isOnly))
    console.log(`  ${file}:${line} ${name} (${record.get(file)!.lives[name]!})`)
  const wrong = unfounded(all, record)
  for (const fault of wrong) console.log(`  survivors.json: ${fault}`)
  const isEnough = noticed >= judged.length * 0.95
  return unexplained.length > 0 || wrong.length > 0 || !isEnough ? 1 : 0
}
