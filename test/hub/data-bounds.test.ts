/** How much a session may hold, to the byte and to the key: many patches and merges add up. */
import { expect } from 'chai'

import { bounded } from '../../hub/flows/merge.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { limits } from '../../sdk/protocol/wire.js'

const bytes = (count: number) => ({ a: 'x'.repeat(count - '{"a":""}'.length) })
const keys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [at.toString(36), 1]))
const levels = (count: number): object => (count === 1 ? {} : { a: levels(count - 1) })

describe('the data of a session', () => {
  const table = [
    ['bytes', bytes, limits.dataBytes, 'data_too_large'],
    ['keys', keys, 2048, 'request_invalid'],
    ['levels', levels, limits.jsonDepth, 'request_invalid'],
  ] as const
  for (const [what, make, most, code] of table) {
    it(`R31: may have ${most} ${what}, and not one more`, () => {
      const full = make(most)
      expect(bounded(full as never)).to.equal(full)
      expect(() => bounded(make(most + 1) as never))
        .to.throw(SessionHubError)
        .with.property('code', code)
    })
  }
})
