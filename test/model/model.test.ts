/** The hub against a small model of it, by random sequences: docs/proof.md says what they cover. `npm run test:model` runs a million. */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import type { Plan } from './plan.js'
import { play } from './play.js'
import { search } from './search.js'

/** The first and the last of those that the tests play; `npm test` plays the first block. */
const BLOCKS = { '100 sequences': [1, 100], '400 more sequences @all': [101, 500] } as const

interface Found {
  /** What was wrong. */
  readonly fault: string
  readonly plan: Plan
}

const file = new URL('../../../test/model/found.json', import.meta.url)
const found = JSON.parse(readFileSync(file, 'utf8')) as Found[]

describe('a hub against its model', function () {
  this.timeout(240_000)

  for (const { fault, plan } of found)
    it(`answers as it should where a sequence has found a fault: ${fault}`, async () => {
      expect(await play(plan)).to.be.undefined
    })

  for (const [name, [first, last]] of Object.entries(BLOCKS))
    it(`answers as it should in ${name}`, async () => {
      for (let seed = first; seed <= last; seed += 1) expect(await search(seed)).to.be.undefined
    })
})
