/** What an application may give us to keep, and where it is told that something is no JSON. */
import { expect } from 'chai'
import { runInNewContext } from 'node:vm'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { plainJson } from '../../sdk/protocol/plain-json.js'

class Money {
  readonly amount = 7
}
const circle: Record<string, unknown> = {}
circle.a = { b: circle }
const sparse: unknown[] = ['boots']
sparse[2] = 'laces'
const keys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, key) => [`k${key}`, key]))

const refused: [what: string, value: unknown, message: string][] = [
  ['undefined', undefined, 'the value is undefined'],
  ['null', null, 'the value is null, not an object'],
  ['a list', ['laces'], 'the value is an Array, not an object'],
  ['a text', 'laces', 'the value is a string, not an object'],
  ['a number', 7, 'the value is a number, not an object'],
  ['a Map', new Map([['cart', ['laces']]]), 'the value is a Map'],
  ['a promise', Promise.resolve({}), 'the value is a Promise'],
  ['a Date', new Date(0), 'the value is a Date'],
  ['NaN', { total: NaN }, '"total" is NaN'],
  ['Infinity', { cart: [{ price: -Infinity }] }, '"cart[0].price" is -Infinity'],
  ['an undefined member', { a: { total: undefined } }, '"a.total" is undefined'],
  ['undefined in a list', { cart: ['boots', undefined] }, '"cart[1]" is undefined'],
  ['a hole', { cart: sparse }, '"cart[1]" is undefined'],
  ['a list with a name', { cart: Object.assign(['boots'], { total: 1 }) }, '"cart" is a list with a member'],
  ['a BigInt', { total: 10n }, '"total" is a bigint'],
  ['a function', { total: () => 1 }, '"total" is a function'],
  ['a symbol', { total: Symbol('x') }, '"total" is a symbol'],
  ['a symbol as a key', { a: { [Symbol('x')]: 1 } }, '"a" has a symbol as a key'],
  ['a Set', { cart: new Set(['laces']) }, '"cart" is a Set'],
  ['a member that is a Date', { when: new Date(0) }, '"when" is a Date'],
  ['bytes', { image: new Uint8Array(2) }, '"image" is a Uint8Array'],
  ['an instance', { price: new Money() }, '"price" is an object of a class'],
  ['a boxed text', { name: Object('ada') as unknown }, '"name" is a String'],
  ['toJSON', { price: { toJSON: () => 7 } }, '"price.toJSON" is a function'],
  ['a circle', circle, '"a.b" contains itself'],
  ['__proto__', JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}'), '"a" has the key "__proto__"'],
  ['six levels', { a: [[[[[]]]]] }, '"a[0][0][0][0]" is nested deeper than 5 levels'],
  ['33 keys', { a: keys(33) }, '"a" has more than 32 keys'],
  ['what looks like no name', { 'eyJh.eyJz': { 'x y': NaN } }, '"[…][…]" is NaN'],
]

const kept: Record<string, unknown> = {
  nothing: {},
  'everything that JSON has': { a: [null, true, 'b', -0.5, { c: {} }], 'd e': '' },
  'an object without a prototype': Object.assign(Object.create(null) as object, { a: 1 }),
  'an object of another realm': runInNewContext('({ a: [1, { b: "c" }] })') as unknown,
  'one object twice': { a: keys(1), b: keys(1) },
  constructor: { constructor: { prototype: { isAdmin: true } } },
  '32 keys': keys(32),
  'five levels': { a: [[[['b']]]] },
}

describe('plain JSON from an application', () => {
  for (const [what, value, message] of refused)
    it(`is not ${what}: ${message}`, () => {
      expect(() => plainJson('update', value))
        .to.throw(SessionHubError, `update: ${message}`)
        .with.property('code', 'request_invalid')
    })

  for (const [what, value] of Object.entries(kept))
    it(`is ${what}, and a copy of it`, () => {
      const copy = plainJson('update', value)
      expect(JSON.stringify(copy)).to.equal(JSON.stringify(value))
      expect(copy).to.not.equal(value)
    })

  it('is what stood there when it was looked at', () => {
    const cart = ['boots']
    const copy = plainJson('update', { cart })
    cart.push('laces')
    expect(copy).to.deep.equal({ cart: ['boots'] })
  })
})
