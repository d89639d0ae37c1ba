/**
 * No adapter has a rule of its own: guards of the core are broken one at a time, and the tests of `site/adapters.test.ts` have to fail behind every
 * adapter. `npm run test:adapters -- guards`
 */
import { adapters } from '../support/site-app.js'
import { Crew } from './crew.js'
import { guards } from './guards.js'
import { buildTree } from './tree.js'

const files = Object.keys(guards)
const mutants = await buildTree((file) => files.includes(file), ['server'])

const crew = new Crew(['test/site/adapters.test.js'], false)
const patience = { patienceMs: 120_000, timeoutMs: 20_000 }
const titleOf = (adapter: string) => `a site behind the adapter "${adapter}"`
const failedOf = async (id: number) => {
  const { ran, failed } = await crew.run(id, undefined, patience)
  return ran.length === 0
    ? [`nothing has run: ${failed}`]
    : ran.filter(({ passed }) => !passed).map(({ name }) => name)
}

const faults = (await failedOf(0)).map((name) => `as it is: ${name}`)
let broken = 0
for (const [file, names] of Object.entries(guards))
  for (const name of names) {
    const mutant = mutants.find((one) => one.file === file && one.name === name)
    if (!mutant) {
      faults.push(`${file} has no “${name}” any more`)
      continue
    }
    broken += 1
    const failed = await failedOf(mutant.id)
    for (const adapter of adapters)
      if (!failed.some((title) => title.startsWith(titleOf(adapter))))
        faults.push(`${file} “${name}” is not noticed behind "${adapter}"`)
  }
crew.stop()
console.log(`${broken} guards broken, each noticed behind ${adapters.join(', ')}; faults: ${faults.length}`)
for (const fault of faults) console.log(`  ${fault}`)
process.exitCode = faults.length > 0 ? 1 : 0
