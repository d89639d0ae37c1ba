/** Visitors, sites of two processes each and the hub by random sequences: docs/proof.md says what they cover. */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import type { Plan } from './visitors/plan.js'
import { play } from './visitors/play.js'
import { search } from './visitors/search.js'
import { openWorld } from './visitors/open-world.js'
import type { World } from './visitors/world.js'

const SEQUENCES = 100

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

  it(`do as they should in ${SEQUENCES} sequences`, async () => {
    for (let seed = 1; seed <= SEQUENCES; seed += 1) {
      const fault = await search(world, seed)
      // Whole: chai would cut it.
      if (fault !== undefined) throw new Error(fault)
    }
  })
})
