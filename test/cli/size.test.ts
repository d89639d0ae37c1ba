import { readFileSync } from 'node:fs'
import { expect } from 'chai'

import { COSTS, HUB_MICROS } from '../../hub/sizing/measured.js'
import { demandOf, sizeOf, type Traffic } from '../../hub/sizing/sizing.js'
import { type Folder, newFolder } from './command.js'
import { refusalOf } from './refusals.js'

const usual: Traffic = {
  visitors: 1_000_000,
  visits: 1,
  syncs: 2,
  pages: 6,
  newcomers: 0.5,
  days: 30,
  peak: 3,
  busy: 0.5,
  processors: 4,
  speed: 1,
}

describe('session-hub size', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  const page = readFileSync('docs/scale.md', 'utf8')
  const shown = [...page.matchAll(/^```console\n\$ session-hub (size .*)\n([^`]*)```$/gm)]

  it('is shown in docs/scale.md for one, ten and a hundred million visitors', () => {
    expect(shown.map(([, command]) => command)).to.deep.equal(
      ['1000000', '10000000', '100000000'].map((visitors) => `size --visitors ${visitors}`),
    )
  })

  for (const [, command = '', output] of shown)
    it(`says what the page says of "${command}"`, async () => {
      expect(await folder.run(...command.split(' '))).to.deep.equal({ code: 0, stdout: output, stderr: '' })
    })

  const wrong: readonly { args: string[]; says: string }[] = [
    { args: [], says: '"size" needs "--visitors <number>"' },
    { args: ['--visitors', 'many'], says: '--visitors: a number from 1 to 10,000,000,000' },
    { args: ['--visitors', '0'], says: '--visitors: a number from 1 to 10,000,000,000' },
    { args: ['--visitors', '5', '--busy', '1.5'], says: '--busy: a number from 0.05 to 1' },
    { args: ['--visitors', '5', '--page', '3'], says: 'did you mean "--pages"?' },
  ]
  for (const { args, says } of wrong)
    it(`refuses "size ${args.join(' ')}"`, async () => {
      const refusal = await refusalOf('size', ...args)

      expect(refusal.code).to.equal(2)
      expect(refusal.says).to.include(says)
    })
})

describe('the size of a hub', () => {
  it('follows from its traffic', () => {
    // Two syncs, and six pages that count as one: three a visit, three times as many as on average in the busiest hour.
    expect(demandOf({ ...usual, visitors: 86_400 })).to.deep.equal({
      syncsPerSecond: 9,
      sessions: 43_200 * 30 + 43_200,
    })
  })

  it('grows with the traffic, and shrinks with faster processors', () => {
    for (const engine of ['PostgreSQL', 'Redis'] as const) {
      const one = sizeOf(engine, usual)
      const ten = sizeOf(engine, { ...usual, visitors: 10_000_000 })
      expect(ten.bytes).to.equal(10 * one.bytes)
      expect(ten.processes).to.be.above(one.processes)
      expect(ten.first.visitors).to.be.closeTo(one.first.visitors, 1)
      const faster = sizeOf(engine, { ...usual, visitors: 10_000_000, speed: 100 })
      expect(faster.processes).to.equal(2)
    }
  })

  it('is what keeps the processors as busy as they may be', () => {
    const many = { ...usual, visitors: 100_000_000 }
    const { syncsPerSecond } = demandOf(many)
    const { processes, serverProcessors } = sizeOf('PostgreSQL', many)
    const { hubMicros, serverMicros } = COSTS.PostgreSQL
    expect(processes).to.equal(Math.ceil((syncsPerSecond * (HUB_MICROS + hubMicros) * 2) / 1e6))
    expect(serverProcessors).to.equal(Math.ceil((syncsPerSecond * serverMicros * 2) / 1e6))
  })

  it('lets a machine fail where the store can', () => {
    const small = { ...usual, visitors: 10 }
    expect(sizeOf('SQLite', small)).to.include({ processes: 1, hubMachines: 1, serverMachines: 0 })
    for (const engine of ['PostgreSQL', 'Redis'] as const)
      expect(sizeOf(engine, small)).to.include({ processes: 2, hubMachines: 2, serverMachines: 3 })
  })

  it('ends where the engine gives way', () => {
    for (const engine of ['SQLite', 'PostgreSQL', 'Redis'] as const) {
      const { first } = sizeOf(engine, usual)
      const there = sizeOf(engine, { ...usual, visitors: first.visitors })
      expect(there.first.visitors).to.be.closeTo(first.visitors, 1)
    }
    expect(sizeOf('Redis', { ...usual, days: 400 }).first.what).to.equal('512 GB of memory')
  })
})
