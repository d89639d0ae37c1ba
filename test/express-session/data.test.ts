/** How changes of `req.session` become updates of the hub's session: tables. */
import { expect } from 'chai'

import { batches } from '../../sdk/express-session/batches.js'
import { mergeDiff } from '../../sdk/express-session/merge-diff.js'
import { valueAt, withoutValueAt, withValueAt } from '../../sdk/express-session/user-path.js'
import type { Json } from '../../sdk/protocol/json.js'
import { applyMergePatch } from '../../sdk/protocol/merge-patch.js'
import { limits } from '../../sdk/protocol/wire.js'

describe('the difference between two values', () => {
  const rows: readonly [before: Json | undefined, after: Json | undefined, patch: Json][] = [
    [undefined, 1, 1],
    [1, undefined, null],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
    [{ a: 1, b: 2 }, { a: 1 }, { b: null }],
    [{ a: { b: 1, c: 1 } }, { a: { b: 1, d: 1 } }, { a: { c: null, d: 1 } }],
    [{ a: [1, 2] }, { a: [2] }, { a: [2] }],
    [[1], { a: 1 }, { a: 1 }],
    [{ a: 1 }, [1], [1]],
    [{ toString: 1 }, {}, { toString: null }],
    [{}, { toString: 1 }, { toString: 1 }],
    [{ a: 1 }, { a: 1 }, {}],
    [{ a: null }, { a: 1 }, { a: 1 }],
  ]
  for (const [before, after, patch] of rows) {
    it(`from ${JSON.stringify(before)} to ${JSON.stringify(after)} is ${JSON.stringify(patch)}`, () => {
      expect(mergeDiff(before, after)).to.deep.equal(patch)
      const whole = applyMergePatch(before === undefined ? {} : { key: before }, { key: patch })
      expect(whole).to.deep.equal(after === undefined ? {} : { key: after })
    })
  }
})

describe('a change in several updates', () => {
  /** As long as it may be, its name and quotes among it. */
  const text = (bytes: number, name: string) => 'x'.repeat(bytes - JSON.stringify({ [name]: '' }).length)
  const sizes = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, at]))

  it('is one as long as it fits, to the byte and to the key', () => {
    const half = limits.patchBytes / 2
    expect(batches({ a: text(half, 'a'), b: text(half, 'b') })).to.have.length(1)
    expect(batches({ a: text(half, 'a'), b: text(half + 1, 'b') })).to.have.length(2)
    expect(batches(sizes(limits.jsonKeys))).to.have.length(1)
    expect(batches(sizes(limits.jsonKeys + 1)).map((part) => Object.keys(part).length)).to.deep.equal([
      limits.jsonKeys,
      1,
    ])
  })

  it('carries one key that fills it, and names one that does not fit', () => {
    expect(batches({ a: text(limits.patchBytes, 'a') })).to.have.length(1)
    const over = () => batches({ small: 1, 'a~k3Wq81Zp': text(limits.patchBytes + 1, 'a~k3Wq81Zp') })
    expect(over).to.throw('req.session.a takes 7681 bytes').with.property('code', 'data_too_large')
  })
})

describe('the user’s place in a session', () => {
  const path = ['passport', 'user']

  it('is found, and nothing is where there is no object on the way', () => {
    expect(valueAt({ passport: { user: 'ada' } }, path)).to.equal('ada')
    for (const session of [{}, { passport: 'user' }, { passport: ['user'] }, { passport: null }])
      expect(valueAt(session, path)).to.equal(undefined)
    expect(valueAt({}, ['constructor', 'name'])).to.equal(undefined)
  })

  it('is taken out with the object that held nothing else', () => {
    expect(withoutValueAt({ passport: { user: 'ada' }, views: 1 }, path)).to.deep.equal({ views: 1 })
    expect(withoutValueAt({ passport: { user: 'ada', step: 2 } }, path)).to.deep.equal({
      passport: { step: 2 },
    })
    expect(withoutValueAt({ passport: {} }, path)).to.deep.equal({})
    expect(withoutValueAt({ passport: 'kept' }, path)).to.deep.equal({ passport: 'kept' })
    expect(withoutValueAt({ user: 'ada', views: 1 }, ['user'])).to.deep.equal({ views: 1 })
  })

  it('is filled beside what is there', () => {
    expect(withValueAt({ passport: { step: 2 } }, path, 'ada')).to.deep.equal({
      passport: { step: 2, user: 'ada' },
    })
    expect(withValueAt({ passport: 'odd' }, path, 'ada')).to.deep.equal({ passport: { user: 'ada' } })
    expect(withValueAt({ views: 1 }, ['user'], 'ada')).to.deep.equal({ views: 1, user: 'ada' })
  })
})
