/** The verifier in Python comes to what the vectors say, as `session-hub/verify` does. */
import { expect } from 'chai'

import { needPython, runPython } from '../support/python.js'
import { outcomeOf, vectors } from '../support/vectors.js'

describe('the verifier in Python', () => {
  let outcomes: object[]

  before(async function () {
    outcomes = JSON.parse(await runPython(needPython(this), 'test/vectors/check.py')) as object[]
    expect(outcomes).to.have.length(vectors.length)
  })

  for (const [index, vector] of vectors.entries())
    it(`${vector.name}: ${vector.error ?? 'taken'}`, () => {
      expect(outcomes[index]).to.deep.equal(outcomeOf(vector))
    })
})
