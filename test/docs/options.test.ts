/** Options are declared once: what people read of them is what their rows say. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

import { clientRows } from '../../sdk/browser/option-rows.js'
import { defaults } from '../../sdk/browser/options.js'
import { verifyRows } from '../../sdk/verify/option-rows.js'
import { optionNames } from '../../sdk/verify/verify.js'
import { root } from '../support/titles.js'
import { optionPages } from './option-page.js'

describe('the rows of the options', () => {
  for (const { file, write } of optionPages) {
    it(`say what ${file} says; if not, "npm run docs:options" writes it anew`, async () => {
      const present = readFileSync(join(root, file), 'utf8')
      expect(await write(present)).to.equal(present)
    })
  }

  it('are there for each option that a page may give', () => {
    expect(Object.keys(clientRows)).to.deep.equal(Object.keys(defaults))
  })

  it('are there for each option that a service may give', () => {
    expect(Object.keys(verifyRows)).to.deep.equal([...optionNames])
  })
})
