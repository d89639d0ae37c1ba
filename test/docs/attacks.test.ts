/** docs/attacks.md is made from the tests, so it has to be made again when they change. */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import { attacksFile, writeAttackTable } from './attack-table.js'

describe('docs/attacks.md', () => {
  it('lists what the tests attack; if not, "npm run docs:attacks" writes it anew', () => {
    expect(readFileSync(attacksFile, 'utf8')).to.equal(writeAttackTable())
  })
})
