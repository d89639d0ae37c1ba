/**
 * Thousands of tokens with something wrong in them, or only spelt otherwise (R1 to R8): the product takes none that the rules refuse, by the
 * word of a verifier in Python that has nothing of the product's code.
 */
import { expect } from 'chai'

import { needPython } from '../support/python.js'
import { compare, type Verdicts } from './compare.js'

const { SESSION_HUB_TOKENS: tokens = '4000', SESSION_HUB_SEED: seed = '1' } = process.env

describe('tickets, offers and session tokens beside an independent verifier', function () {
  this.timeout(60_000 + 10 * Number(tokens))
  let verdicts: readonly Verdicts[]

  before(async function () {
    verdicts = await compare(needPython(this), Number(tokens), Number(seed))
  })

  it('are refused wherever the rules refuse them', () => {
    expect(verdicts.filter(({ product, independent }) => product === null && independent !== null)).to.be
      .empty
  })

  it('are taken wherever the rules take them', () => {
    expect(verdicts.filter(({ product, independent }) => product !== null && independent === null)).to.be
      .empty
  })

  for (const kind of ['ticket', 'offer', 'session'] as const)
    it(`are, where they are of the kind ${kind}, sometimes taken and mostly refused`, () => {
      const ofKind = verdicts.filter((verdict) => verdict.kind === kind)
      const taken = ofKind.filter(({ product }) => product === null).length
      expect(taken).to.be.greaterThan(ofKind.length / 20)
      expect(taken).to.be.lessThan(ofKind.length / 2)
    })
})
