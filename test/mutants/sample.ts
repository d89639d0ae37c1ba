/**
 * What `npm test` has time for: of each source file one mutant that a test has noticed, with that test. Does it still? What is gone from `sample.json`
 * is put there anew by `npm run test:mutants -- --resample`, from the last run.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { readTitles } from '../support/titles.js'
import { Crew } from './crew.js'
import type { Verdict } from './hunt.js'
import { buildTree, mutantsOf, root, sourceFiles } from './tree.js'

interface Sampled {
  readonly file: string
  readonly mutant: string
  readonly test: string
  readonly testFile: string
}

const sampleFile = join(root, 'test/mutants/sample.json')
const patience = { patienceMs: 60_000, timeoutMs: 10_000 }

const readSample = () => JSON.parse(readFileSync(sampleFile, 'utf8')) as readonly Sampled[]

/** @returns the exit code */
export async function runSample(): Promise<number> {
  const sample = readSample()
  const mutants = await buildTree((file) => sample.some((each) => each.file === file), ['server'])
  const crew = new Crew(
    [...new Set(sample.map(({ testFile }) => `test/${testFile.replace(/\.ts$/, '.js')}`))],
    false,
  )
  const unnoticed: Sampled[] = []
  let seen = 0
  for (const each of sample) {
    const mutant = mutants.find(({ file, name }) => file === each.file && name === each.mutant)
    const asItIs = mutant && (await crew.run(0, [each.test], patience))
    // The code or the test has changed since.
    if (asItIs?.ran.length !== 1 || asItIs.failed !== null) continue
    seen += 1
    if ((await crew.run(mutant!.id, [each.test], patience)).failed === null) unnoticed.push(each)
  }
  crew.stop()
  console.log(
    `mutants: ${seen - unnoticed.length} of ${seen} noticed; ${sample.length - seen} of the sample are gone`,
  )
  for (const { file, mutant, test } of unnoticed) console.log(`  ${file} ${mutant}: not by “${test}”`)
  if (seen * 2 < sample.length) console.log('  Too many are gone: npm run test:mutants, then with --resample')
  return unnoticed.length > 0 || seen * 2 < sample.length ? 1 : 0
}

/** @param verdicts of the last run. Here each test runs alone, so it has to notice its mutant alone. */
export async function writeSample(verdicts: readonly Verdict[]): Promise<void> {
  const now = new Set(mutantsOf(sourceFiles()).map(({ file, name }) => `${file} ${name}`))
  const titles = readTitles(['attacks', 'hub', 'site', 'protocol'])
  const sample = verdicts
    .filter(({ isInItsFile }) => !isInItsFile)
    .flatMap(({ file, name, killedBy }): Sampled[] => {
      const test = titles.filter(({ full }) => full === killedBy)
      return test.length === 1 && now.has(`${file} ${name}`)
        ? [{ file, mutant: name, test: test[0]!.full, testFile: test[0]!.file }]
        : []
    })
  const isThere = ({ file, mutant, test }: Sampled) =>
    now.has(`${file} ${mutant}`) && titles.some(({ full }) => full === test)
  const kept = readSample().filter(isThere)
  const likeliest = (file: string) => {
    const all = sample.filter((each) => each.file === file)
    return all.find(({ test, mutant }) => /\bR\d/.test(test) && / → (true|false)/.test(mutant)) ?? all[0]!
  }
  const chosen = [...new Set([...kept, ...sample].map(({ file }) => file))]
    .sort()
    .map((file) => kept.find((each) => each.file === file) ?? likeliest(file))
  writeFileSync(sampleFile, `${JSON.stringify(chosen, null, 2)}\n`)
}
