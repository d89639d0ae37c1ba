/** What a site publishes, as `verifySession` reads it: keys of later days among it. */
import { generateKeyPairSync } from 'node:crypto'

import { expect } from 'chai'
import { type SessionHubError, verifySession } from 'session-hub/verify'

import { vectors, verifyOptionsOf } from '../support/vectors.js'

describe('a list of published keys', () => {
  const vector = vectors.find(({ name }) => name === 'a user of whom nothing more is said')!
  const { jwks, ...options } = verifyOptionsOf(vector)
  const own = (jwks as { keys: object[] }).keys

  const outcome = async (...keys: object[]) => {
    try {
      const known = { ...options, jwks: { keys }, now: () => vector.now * 1000 }
      return (await verifySession(vector.token, known)).subject
    } catch (error) {
      return (error as SessionHubError).code
    }
  }
  const curve = (namedCurve: string, part: 'publicKey' | 'privateKey' = 'publicKey') => ({
    ...generateKeyPairSync('ec', { namedCurve })[part].export({ format: 'jwk' }),
    kid: namedCurve,
  })

  it('is a key of an unknown kind nobody’s, and each other as good as before?', async () => {
    expect(await outcome(...own)).to.equal('ada')
    expect(await outcome(curve('P-384'), ...own)).to.equal('ada')
    expect(await outcome({ kty: 'AKP', alg: 'ML-DSA-44', kid: 'later' }, ...own)).to.equal('ada')
    expect(await outcome(curve('P-256'), ...own)).to.equal('ada')
  })

  it('is a list refused that has no other, or something that must not be there?', async () => {
    expect(await outcome(curve('P-384'))).to.equal('options_invalid')
    expect(await outcome(curve('P-256', 'privateKey'), ...own)).to.equal('options_invalid')
    expect(await outcome({ kty: 'oct', k: 'A'.repeat(43), kid: 'secret' }, ...own)).to.equal(
      'options_invalid',
    )
    expect(await outcome(...own, ...own)).to.equal('options_invalid')
  })
})
