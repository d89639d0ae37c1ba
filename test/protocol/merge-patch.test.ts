/** JSON merge patch: the examples of RFC 7396, appendix A, as far as both sides are objects, and what must not happen. */
import { expect } from 'chai'

import type { JsonObject } from '../../sdk/protocol/json.js'
import { applyMergePatch } from '../../sdk/protocol/merge-patch.js'

const examples: readonly (readonly [before: JsonObject, patch: JsonObject, after: JsonObject])[] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  // The example of section 3.
  [
    {
      title: 'Goodbye!',
      author: { givenName: 'John', familyName: 'Doe' },
      tags: ['example', 'sample'],
      content: 'This will be unchanged',
    },
    {
      title: 'Hello!',
      phoneNumber: '+01-123-456-7890',
      author: { familyName: null },
      tags: ['example'],
    },
    {
      title: 'Hello!',
      author: { givenName: 'John' },
      tags: ['example'],
      content: 'This will be unchanged',
      phoneNumber: '+01-123-456-7890',
    },
  ],
]

describe('a merge patch', () => {
  for (const [before, patch, after] of examples) {
    it(`${JSON.stringify(before)} with ${JSON.stringify(patch)}`, () => {
      const was = structuredClone(before)
      expect(applyMergePatch(before, patch)).to.deep.equal(after)
      expect(before, 'its target stays as it was').to.deep.equal(was)
    })
  }

  it('changes no prototype, whatever its keys are', () => {
    const patch = JSON.parse(
      '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}',
    ) as JsonObject
    const result = applyMergePatch({}, patch)
    expect(({} as Record<string, unknown>).isAdmin).to.equal(undefined)
    expect((result as Record<string, unknown>).isAdmin).to.equal(undefined)
    expect(Object.getPrototypeOf(result)).to.equal(Object.prototype)
  })
})
