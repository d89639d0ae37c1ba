/** The guards that `npm run test:adapters -- guards` takes away, one at a time, behind every adapter. */
import { expect } from 'chai'

import { guards } from '../mutants/guards.js'
import { mutantsOf } from '../mutants/tree.js'

describe('the guards that every adapter has to have by the core alone', () => {
  for (const [file, names] of Object.entries(guards))
    it(`are still those of ${file}`, () => {
      expect(mutantsOf([file]).map(({ name }) => name)).to.include.members([...names])
    })
})
