/** Visitors, sites of two processes each and the hub by random sequences: docs/proof.md says what they cover. */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import type { Plan } from './visitors/plan.js'
import { play } from './visitors/play.js'
import { search } from './visitors/search.js'
import { openWorld } from './visitors/open-world.js'
import type { World } from './visitors/world.js'

/** The first and the last of those that the tests play; `npm test` plays the first block. */
const BLOCKS = { '25 sequences': [1, 25], '75 more sequences @all': [26, 100] } as const

interface Found {
  /** What was wrong. */
  readonly fault: string
  readonly plan: Plan
}

const file = new URL('../../../test/model/visitors/found.json', import.meta.url)
const found = JSON.parse(readFileSync(file, 'utf8')) as Found[]

describe('visitors, sites and the hub', function () {
  this.timeout(240_000)

  let world: World
  before(async () => {
    world = await openWorld()
  })
  after(() => world.close())

  for (const { fault, plan } of found)
    it(`do as they should where a sequence has found a fault: ${fault}`, async () => {
      expect(await play(world, plan)).to.be.undefined
    })

  for (const [name, [first, last]] of Object.entries(BLOCKS))
    it(`do as they should in ${name}`, async () => {
      for (let seed = first; seed <= last; seed += 1) {
        const fault = await search(world, seed)
        // Whole: chai would cut it.
        if (fault !== undefined) throw new Error(fault)
      }
    })
})
