/** Keys are checked at the start and imported later: what the check lets through, the import must take. */
import { generateKeyPairSync } from 'node:crypto'

import { expect } from 'chai'
import fc from 'fast-check'

import { checkVerifyingKey, importVerifyingKey } from '../../sdk/tokens/keys.js'

const pair = () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' }) as { x: string; y: string }
  return { kty: 'EC', crv: 'P-256', kid: 'one', x, y }
}

const accepts = (check: () => unknown) => {
  try {
    check()
    return true
  } catch {
    return false
  }
}
const isChecked = (jwk: object) => accepts(() => checkVerifyingKey(jwk, 'test'))
const isImported = (jwk: object) =>
  importVerifyingKey(jwk, 'test').then(
    () => true,
    () => false,
  )

describe('the check of a public key before its import', () => {
  it('does it take what an import takes?', async () => {
    for (let key = 0; key < 200; key += 1) {
      const jwk = pair()
      expect([isChecked(jwk), await isImported(jwk)], JSON.stringify(jwk)).to.deep.equal([true, true])
    }
  })

  it('does it refuse whatever an import refuses: one bit wrong anywhere?', async () => {
    const jwk = pair()
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('x', 'y'), fc.nat(31), fc.nat(7), async (name, at, bit) => {
        const bytes = Buffer.from(jwk[name as 'x'], 'base64url')
        bytes[at]! ^= 1 << bit
        const wrong = { ...jwk, [name]: bytes.toString('base64url') }
        expect([isChecked(wrong), await isImported(wrong)]).to.deep.equal([false, false])
      }),
      { numRuns: 200 },
    )
  })

  const { x, y } = pair()
  // The order of the field: a coordinate is below it.
  const field = Buffer.from('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff', 'hex')
  const wrongs: Record<string, object> = {
    'no coordinates': { x: undefined, y: undefined },
    'the point at infinity': { x: 'A'.repeat(43), y: 'A'.repeat(43) },
    'both exchanged': { x: y, y: x },
    'a coordinate past the field': { x: field.toString('base64url') },
    'a number': { x: 1 },
    'a short coordinate': { x: x.slice(1) },
    'a long coordinate': { x: `${x}A` },
    padding: { x: `${x}=` },
    'another alphabet': { x: `+${x.slice(1)}` },
  }
  for (const [what, members] of Object.entries(wrongs)) {
    it(`is ${what} refused, in words that name the key?`, () => {
      expect(() => checkVerifyingKey({ ...pair(), x, y, ...members }, 'sites[3].signingKeys[0]')).to.throw(
        'sites[3].signingKeys[0]: key "one" cannot be read: its coordinates are not on P-256',
      )
    })
  }
})
