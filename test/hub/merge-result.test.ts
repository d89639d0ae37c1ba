/** A merge whose result cannot be kept, for its form or its size, loses nothing of either side. */
import { expect } from 'chai'
import fc from 'fast-check'

import { dataBounds, fitted, usable } from '../../hub/flows/merge-result.js'
import { sizeOf } from '../../hub/flows/sessions.js'
import type { Json, JsonObject } from '../../sdk/protocol/json.js'
import { limits } from '../../sdk/protocol/wire.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'
import type { HubOptions } from 'session-hub/hub'

const from: JsonObject = { cart: ['tent'], wish: 'sun', gone: 1 }
const into: JsonObject = { cart: ['boots'], seen: 1 }
const filled = { cart: ['boots'], wish: 'sun', gone: 1, seen: 1 }

const circle: Record<string, unknown> = {}
circle.circle = circle

describe('what a merge hook returns', () => {
  it('is kept as it is where it is plain JSON', () => {
    expect(usable({ cart: [1], new: { a: null } }, { from, into })).to.deep.equal({
      made: { cart: [1], new: { a: null } },
    })
    expect(usable({}, { from, into })).to.deep.equal({ made: {} })
  })

  for (const [what, value] of [
    ['a promise', Promise.resolve(1)],
    ['a Date', new Date()],
    ['a function', () => 1],
    ['nothing', undefined],
    ['NaN', NaN],
    ['too deep', [[[[[1]]]]]],
    ['in itself', circle],
  ] as const) {
    it(`as one key’s value ${what}: that key is as by "fill", each other one as the hook says`, () => {
      const made = (said: object) => usable(said, { from, into })
      const { fault, made: both } = made({ cart: value, wish: 'rain' })
      expect(both).to.deep.equal({ cart: ['boots'], wish: 'rain' })
      expect(fault).to.match(/^merge: /)
      expect(made({ cart: ['kept'], wish: value }).made).to.deep.equal({ cart: ['kept'], wish: 'sun' })
      expect(made({ seen: value }).made, 'what it leaves out stays out').to.deep.equal({ seen: 1 })
      expect(made({ cart: 1, invented: value }).made).to.deep.equal({ cart: 1 })
    })
  }

  it('is "fill" where it names no keys: a promise, a Map', () => {
    for (const said of [Promise.resolve({}), new Map([['cart', 1]]), { [Symbol('a')]: 1 }])
      expect(usable(said, { from, into }).made).to.deep.equal(filled)
  })

  it('is taken key by key from an object of a class, and from one whose getter throws', () => {
    class Cart {
      cart = ['of a class']
    }
    expect(usable(new Cart(), { from, into }).made).to.deep.equal({ cart: ['of a class'] })
    const said = {
      get cart() {
        throw new Error('not now')
      },
      seen: 2,
    }
    expect(usable(said, { from, into }).made).to.deep.equal({ cart: ['boots'], seen: 2 })
  })

  it('pollutes nothing by the name "__proto__"', () => {
    const said = JSON.parse('{"__proto__":{"polluted":1},"cart":1}') as object
    const { made } = usable(said, { from, into })
    expect(made).to.deep.equal({ cart: 1 })
    expect(Object.getPrototypeOf(made)).to.equal(Object.prototype)
  })
})

describe('a merge that makes more than a session may hold', () => {
  const large = (bytes: number, letter = 'x') => letter.repeat(bytes)

  it('keeps the winner’s own, then the loser’s, then what was made of them', () => {
    const sides = { from: { cart: large(9000, 'f'), wish: 'sun' }, into: { cart: large(9000, 'i'), seen: 1 } }
    const made = { cart: sides.into.cart + sides.from.cart, wish: 'sun', seen: 2 }
    const { data, left } = fitted(made, sides, { rest: 1 })
    expect(data).to.deep.equal({ rest: 1, cart: sides.into.cart, wish: 'sun', seen: 2 })
    expect([...left]).to.deep.equal(['cart'])
  })

  it('takes the loser’s own where what was made of it finds no room', () => {
    const sides = { from: { cart: large(9000), wish: 'sun' }, into: {} }
    const { data, left } = fitted({ cart: large(20_000), wish: large(10) }, sides, {})
    expect(data).to.deep.equal({ cart: large(9000), wish: large(10) })
    expect(left.size).to.equal(0)
  })

  it('leaves with the loser what finds no room in any form', () => {
    const sides = { from: { cart: large(9000), wish: 'sun' }, into: { seen: large(9000) } }
    const { data, left } = fitted({ ...sides.into, ...sides.from }, sides, {})
    expect(data).to.deep.equal({ seen: sides.into.seen, wish: 'sun' })
    expect([...left]).to.deep.equal(['cart'])
  })

  it('removes what the hook leaves out, and leaves nothing of it', () => {
    const sides = { from: { cart: large(9000), wish: 1 }, into: { cart: large(9000), seen: 1 } }
    const { data, left } = fitted({ cart: large(17_000) }, sides, {})
    expect(data).to.deep.equal({ cart: sides.into.cart })
    expect([...left]).to.deep.equal(['cart'])
  })

  it('leaves with the loser what has moved to another name that finds no room', () => {
    const sides = { from: { cart: large(9000), wish: 'sun' }, into: { seen: large(9000) } }
    const { data, left } = fitted({ seen: sides.into.seen, saved: large(9000) }, sides, {})
    expect(data).to.deep.equal({ seen: sides.into.seen })
    expect([...left]).to.deep.equal(['cart', 'wish'])
  })

  it('fills a session to its last byte and its last key', () => {
    const most = large(limits.dataBytes - '{"a":1,"b":""}'.length)
    for (const [value, isIn] of [
      [most, true],
      [`${most}x`, false],
    ] as const) {
      const { data } = fitted(
        { a: 1, b: value, c: large(20_000) },
        { from: { b: value }, into: { a: 1 } },
        {},
      )
      expect(Object.hasOwn(data, 'b')).to.equal(isIn)
    }
    const keys = Object.fromEntries(Array.from({ length: dataBounds.keys }, (_, at) => [at.toString(36), 1]))
    const { data, left } = fitted({ ...keys, one: 2 }, { from: { one: 2 }, into: keys }, {})
    expect(data).to.deep.equal({ ...keys, ...(Object.hasOwn(keys, 'one') && { one: 2 }) })
    expect(left.size).to.equal(Object.hasOwn(keys, 'one') ? 0 : 1)
  })

  it('always fits, loses no key of either, and is whole where the winner has nothing', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'ü', '"', 'constructor', 'toString')
    const value: fc.Arbitrary<Json> = fc.oneof(
      fc.nat(9000).map((bytes) => large(bytes)),
      fc.nat(3000).map((count) => large(count, '山')),
      fc.nat(),
    )
    const data = fc.dictionary(key, value).filter((one) => sizeOf(one) <= limits.dataBytes)
    fc.assert(
      fc.property(fc.dictionary(key, value), data, data, data, (made, theirs, ours, others) => {
        const names = new Set([...Object.keys(made), ...Object.keys(ours), ...Object.keys(theirs)])
        const rest = Object.fromEntries(Object.entries(others).filter(([name]) => !names.has(name)))
        fc.pre(sizeOf({ ...rest, ...ours }) <= limits.dataBytes)
        const { data: kept, left } = fitted(made, { from: theirs, into: ours }, rest)
        expect(sizeOf(kept)).to.be.at.most(limits.dataBytes)
        expect(kept).to.deep.include(rest)
        for (const name of Object.keys(made)) {
          if (Object.hasOwn(ours, name)) expect(kept[name]).to.be.oneOf([ours[name], made[name]])
          const comes =
            kept[name] === made[name] || (!Object.hasOwn(ours, name) && kept[name] === theirs[name])
          if (Object.hasOwn(theirs, name)) expect(left.has(name) || comes, name).to.equal(true)
          else expect(left.has(name)).to.equal(false)
        }
        const same = Object.fromEntries(Object.entries(made).filter(([name]) => Object.hasOwn(theirs, name)))
        const alone = fitted(same, { from: theirs, into: {} }, {})
        expect([...alone.left], 'a sign-in has room for all of it').to.deep.equal([])
      }),
      { numRuns: 300 },
    )
  })
})

describe('carts that meet where the result cannot be kept', () => {
  let users: Users
  let visitor: Visitor
  const start = async (merge: HubOptions['merge']) => {
    users = await startUsers({ hub: { ...(merge !== undefined && { merge }) } })
    visitor = users.browser()
  }
  afterEach(() => users.world.close())

  const fill = (site: string, data: object) => visitor.post(site, '/account/data', data)
  const dataAt = async (site: string) => (await visitor.whoami(site)).data
  const lines = (name: string, count: number) =>
    Array.from({ length: count }, (_, at) => ({ id: `${name} ${at}` }))

  for (const [what, wrong] of [
    ['a promise', () => Promise.resolve({})],
    ['a promise that fails', () => Promise.reject(new Error('down'))],
  ] as const) {
    it(`are merged by "fill" where the hook answers with ${what}, and the log says so`, async () => {
      await start(wrong as never)
      await fill(users.shop, { cart: ['boots'], points: 5 })
      await visitor.sync(users.shop)
      await fill(users.travel, { cart: ['tent'], wish: 'sun' })
      await visitor.sync(users.travel)
      expect(await dataAt(users.shop)).to.deep.equal({ cart: ['boots'], points: 5, wish: 'sun' })
      expect(users.world.log).to.deep.include.members([
        {
          level: 'error',
          event: 'hook_failed',
          hook: 'merge',
          description: 'merge: the value is a Promise; only plain JSON can be kept',
        },
      ])
    })
  }

  it('come into a sign-in as they were where a hook cannot handle one key of them', async () => {
    await start((({ from }: { from: JsonObject }) => ({ ...from, cart: new Date() })) as never)
    await fill(users.shop, { cart: ['boots'], points: 5 })
    await users.signIn(visitor, 'ada')
    expect(await dataAt(users.travel)).to.deep.equal({ cart: ['boots'], points: 5 })
  })

  it('fit as far as they fit, and the log says how many keys did not', async () => {
    await start({ keys: { cart: 'union' } })
    await fill(users.shop, { cart: lines('shop', 300) })
    await fill(users.shop, { more: lines('shop', 300) })
    await visitor.sync(users.shop)
    await fill(users.travel, { cart: lines('travel', 300), wish: 'sun' })
    expect((await visitor.sync(users.travel)).redeemed?.json.reason).to.equal('merged')

    const kept = { cart: lines('shop', 300), more: lines('shop', 300), wish: 'sun' }
    expect(await dataAt(users.shop)).to.deep.equal(kept)
    expect(await dataAt(users.travel)).to.deep.equal(kept)
    expect(users.world.log.find(({ event }) => event === 'merge_too_large')).to.include({ keysLeft: 1 })
  })
})

describe('an anonymous session that finds no room', () => {
  it('lives on at its other sites with what was left, and comes along when there is room', async () => {
    const users = await startUsers({ hub: { merge: { keys: { cart: 'union' } } } })
    try {
      const { shop, travel } = users
      const visitor = users.browser()
      const large = (letter: string) => letter.repeat(7000)
      const fill = (site: string, data: object) => visitor.post(site, '/account/data', data)
      // Shared by shop and travel, until somebody signs in at the shop whose session has no room for it.
      await fill(shop, { wish: large('w') })
      await fill(shop, { more: large('m') })
      await visitor.sync(shop)
      await visitor.sync(travel)
      const other = users.browser()
      await other.post(shop, '/account/sign-in', { subject: 'ada' })
      await other.post(shop, '/account/data', { cart: large('c') })
      for (const [name, value] of other.cookies(shop)) visitor.cookies(shop).set(name, value)
      expect((await visitor.sync(shop)).outcome).to.equal('adopt')
      expect((await visitor.whoami(shop)).data).to.deep.equal({ cart: large('c'), wish: large('w') })
      expect((await visitor.whoami(travel)).data, 'what was left').to.deep.equal({ more: large('m') })

      await fill(shop, { cart: null })
      expect((await visitor.sync(travel)).redeemed?.json.reason).to.equal('merged')
      expect(await visitor.whoami(travel)).to.deep.include({
        subject: 'ada',
        data: { wish: large('w'), more: large('m') },
      })
    } finally {
      await users.world.close()
    }
  })
})
