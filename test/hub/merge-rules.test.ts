/** The built-in merges: what becomes of two carts that meet, whoever has filled them and with what. */
import { expect } from 'chai'
import fc from 'fast-check'

import {
  type KeyMergeName,
  keyMergeNames,
  mergeByKeys,
  mergeByName,
  mergeNames,
} from '../../hub/flows/merge-rules.js'
import type { Json, JsonObject } from '../../sdk/protocol/json.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'
import { type WatchedStore, watchedStore } from '../support/watched-store.js'
import type { HubOptions } from 'session-hub/hub'
import type { ReplacedEvent } from 'session-hub/site'

const reason = 'shared'

describe('a merge by name', () => {
  const from = { cart: ['tent'], wish: 'sun', points: 3 }
  const into = { cart: ['boots'], seen: 1, points: 4 }

  const whole = {
    fill: { cart: ['boots'], wish: 'sun', seen: 1, points: 4 },
    winner: { cart: ['boots'], seen: 1, points: 4 },
    loser: { cart: ['tent'], wish: 'sun', seen: 1, points: 3 },
  } as const
  for (const [name, expected] of Object.entries(whole)) {
    it(`"${name}" gives ${JSON.stringify(expected)}`, () => {
      expect(mergeByName(name as keyof typeof whole)({ from, into, reason })).to.deep.equal(expected)
    })
  }

  const byKey: readonly [KeyMergeName, from: Json | undefined, into: Json | undefined, expected: Json][] = [
    ['winner', 1, 2, 2],
    ['loser', 1, 2, 1],
    ['sum', 1, 2, 3],
    ['sum', 1, 'two', 'two'],
    ['sum', '1', 2, 2],
    ['sum', [1], 2, 2],
    ['sum', 1e308, 1.5e308, 1.5e308],
    ['sum', -0.5, 0.25, -0.25],
    ['union', ['a', 'b'], ['b', 'c'], ['b', 'c', 'a']],
    ['union', [{ id: 1, n: 2 }], [{ id: 1, n: 5 }], [{ id: 1, n: 5 }]],
    ['union', [{ id: '1' }], [{ id: 1 }], [{ id: 1 }, { id: '1' }]],
    ['union', [{ n: 1 }], [{ n: 1 }, { n: 2 }], [{ n: 1 }, { n: 2 }]],
    ['union', ['{"id":1}'], [{ id: 1 }], [{ id: 1 }, '{"id":1}']],
    ['union', { a: 1, b: 2 }, { b: 3, c: 4 }, { a: 1, b: 3, c: 4 }],
    ['union', ['a'], { a: 1 }, { a: 1 }],
    ['union', 'a', ['b'], ['b']],
    ['union', null, ['b'], ['b']],
    ['union', ['b'], null, null],
    // A key that one side lacks is the other's, whatever its rule.
    ['winner', 1, undefined, 1],
    ['loser', undefined, 2, 2],
    ['sum', 1, undefined, 1],
    ['union', undefined, ['b'], ['b']],
    ['sum', undefined, null, null],
    ['union', null, undefined, null],
  ]
  for (const [name, theirs, ours, expected] of byKey) {
    it(`"${name}" of ${shown(theirs)} into ${shown(ours)} is ${JSON.stringify(expected)}`, () => {
      const data = (value: Json | undefined): JsonObject => (value === undefined ? {} : { key: value })
      for (const others of ['fill', 'winner', 'loser'] as const) {
        const merge = mergeByKeys({ default: others, keys: { key: name } })
        expect(merge({ from: data(theirs), into: data(ours), reason })).to.deep.equal({ key: expected })
      }
    })
  }

  it('by keys leaves all other keys to its default', () => {
    const keys = { points: 'sum' } as const
    expect(mergeByKeys({ keys })({ from, into, reason })).to.deep.equal({ ...whole.fill, points: 7 })
    for (const others of ['fill', 'winner', 'loser'] as const) {
      expect(mergeByKeys({ default: others, keys })({ from, into, reason })).to.deep.equal({
        ...whole[others],
        points: 7,
      })
    }
  })
})

describe('any merge by name', () => {
  const hostile = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then']
  const key = fc.oneof(fc.constantFrom(...hostile, 'cart', 'points', 'a'), fc.string({ maxLength: 3 }))
  const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
  const entry = fc.oneof(value, fc.record({ id: fc.oneof(fc.nat(5), key), n: fc.nat() }))
  const list = fc.array(entry, { maxLength: 8 })
  /** Own members of any name, `__proto__` too, as a JSON parser makes them. */
  const data = fc
    .array(fc.tuple(key, fc.oneof(value, list, fc.nat())), { maxLength: 8 })
    .map((members): JsonObject => frozen(Object.fromEntries(members)))
  const rule = fc.oneof(
    fc.constantFrom(...mergeNames).map(mergeByName),
    fc
      .tuple(fc.constantFrom(...mergeNames), fc.dictionary(key, fc.constantFrom(...keyMergeNames)))
      .map(([others, keys]) => mergeByKeys({ default: others, keys })),
  )

  it('changes nothing that it was given, invents no key, and loses none that both or the winner has', () => {
    fc.assert(
      fc.property(rule, data, data, (merge, from, into) => {
        const merged = merge({ from, into, reason })
        const known = new Set([...Object.keys(from), ...Object.keys(into)])
        for (const name of Object.keys(merged)) expect(known.has(name), name).to.equal(true)
        for (const name of Object.keys(into)) expect(Object.hasOwn(merged, name), name).to.equal(true)
      }),
      { numRuns: 500 },
    )
  })

  it('pollutes no prototype, of the result or of anything', () => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    fc.assert(
      fc.property(rule, data, data, (merge, from, into) => {
        const merged = merge({ from, into, reason })
        expect(Object.getPrototypeOf(merged)).to.equal(Object.prototype)
        expect(({} as Record<string, unknown>).polluted).to.equal(undefined)
      }),
    )
    const planted = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    ) as JsonObject
    for (const name of ['fill', 'loser'] as const) mergeByName(name)({ from: planted, into: {}, reason })
    for (const name of ['union', 'sum', 'loser'] as const) {
      const keys = JSON.parse(`{"__proto__":"${name}","constructor":"${name}"}`) as { a: 'sum' }
      const merged = mergeByKeys({ keys })({ from: planted, into: planted, reason })
      expect(Object.keys(merged)).to.deep.equal(['__proto__', 'constructor'])
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(before)
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined)
  })

  const union = (from: Json, into: Json) =>
    mergeByKeys({ keys: { cart: 'union' } })({ from: { cart: from }, into: { cart: into }, reason })
      .cart as Json[]
  const idOf = (line: Json) =>
    typeof line === 'object' && line !== null && Object.hasOwn(line, 'id')
      ? `id ${JSON.stringify((line as JsonObject).id)}`
      : JSON.stringify(line)

  it('by "union" loses no line of either list, and doubles none', () => {
    fc.assert(
      fc.property(list, list, (from, into) => {
        const merged = union(from, into)
        expect(merged.slice(0, into.length)).to.deep.equal(into)
        const ids = merged.map(idOf)
        for (const line of [...from, ...into]) expect(ids).to.include(idOf(line))
        const added = merged.slice(into.length)
        const known = new Set(into.map(idOf))
        for (const line of added) expect(known.has(idOf(line)), 'doubled').to.equal(false)
        expect(added).to.deep.equal(from.filter((line) => !known.has(idOf(line))))
        expect(union(from, merged), 'once more').to.deep.equal(merged)
      }),
      { numRuns: 500 },
    )
  })

  it('by "union" takes long lists in its stride', () => {
    const lines = (start: number) => Array.from({ length: 50_000 }, (_, at) => ({ id: start + at }))
    expect(union(lines(0), lines(25_000))).to.have.length(75_000)
  }).timeout(5000)

  it('by "sum" is the same both ways for numbers', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        const sum = (from: number, into: number) =>
          mergeByKeys({ keys: { n: 'sum' } })({ from: { n: from }, into: { n: into }, reason }).n
        expect(sum(a, b)).to.equal(a + b)
        expect(sum(b, a)).to.equal(a + b)
      }),
    )
  })
})

describe('carts that meet, by the configured merge', () => {
  let users: Users
  const start = async (merge: HubOptions['merge']) => {
    users = await startUsers({ hub: { ...(merge !== undefined && { merge }) } })
  }
  afterEach(() => users.world.close())

  const lines = (...ids: string[]) => ids.map((id) => ({ id }))
  const atShop = { cart: lines('boots', 'laces'), points: 5, theme: 'dark' }
  const atTravel = { cart: lines('tent', 'boots'), points: 2, wish: 'sun' }

  /** Two anonymous carts: the one of travel comes second, and gives way. */
  async function meet(): Promise<unknown> {
    const visitor = users.browser()
    await visitor.post(users.shop, '/account/data', atShop)
    await visitor.sync(users.shop)
    await visitor.post(users.travel, '/account/data', atTravel)
    expect((await visitor.sync(users.travel)).redeemed?.json.reason).to.equal('merged')
    return (await visitor.whoami(users.shop)).data
  }
  /** A user at the site, and the hub's cookie of an anonymous cart, which gives way. */
  async function adopt(): Promise<unknown> {
    const visitor = users.browser()
    await visitor.post(users.travel, '/account/data', atTravel)
    await visitor.sync(users.travel)
    await visitor.post(users.shop, '/account/sign-in', { subject: 'ada' })
    await visitor.post(users.shop, '/account/data', atShop)
    expect((await visitor.sync(users.shop)).outcome).to.equal('adopt')
    return (await visitor.whoami(users.shop)).data
  }

  const table: readonly [name: string, merge: HubOptions['merge'], expected: object][] = [
    ['its default', undefined, { ...atTravel, ...atShop }],
    ['"fill"', 'fill', { ...atTravel, ...atShop }],
    ['"winner"', 'winner', atShop],
    ['"loser"', 'loser', { ...atShop, ...atTravel }],
    [
      'one rule for each key',
      { keys: { cart: 'union', points: 'sum' } },
      { ...atTravel, ...atShop, cart: lines('boots', 'laces', 'tent'), points: 7 },
    ],
    [
      'one rule for each key, and another for the rest',
      { default: 'winner', keys: { cart: 'union', points: 'loser' } },
      { ...atShop, cart: lines('boots', 'laces', 'tent'), points: 2 },
    ],
  ]
  for (const [name, merge, expected] of table) {
    it(`are merged by ${name}`, async () => {
      await start(merge)
      expect(await meet(), 'two anonymous ones').to.deep.equal(expected)
      expect(await adopt(), 'a user’s and an anonymous one').to.deep.equal(expected)
    })
  }

  const moves: readonly [name: string, merge: HubOptions['merge'], expected: object][] = [
    ['"fill"', 'fill', atShop],
    ['"loser"', 'loser', atShop],
    ['"winner", which leaves them behind', 'winner', {}],
    ['what is named', { default: 'winner', keys: { cart: 'union' } }, { cart: atShop.cart }],
  ]
  for (const [name, merge, expected] of moves) {
    it(`move into the session of the user who signs in by ${name}`, async () => {
      await start(merge)
      const visitor = users.browser()
      await visitor.post(users.shop, '/account/data', atShop)
      await users.signIn(visitor, 'ada')
      expect((await visitor.whoami(users.travel)).data).to.deep.equal(expected)
    })
  }

  describe('of which one is empty by now', () => {
    let store: WatchedStore
    let visitor: Visitor
    let asked: number
    let wasEmpty: boolean[]
    beforeEach(async () => {
      ;[store, asked, wasEmpty] = [watchedStore(), 0, []]
      const merge: HubOptions['merge'] = ({ into }) => {
        asked += 1
        return into
      }
      const onReplaced = (replaced: ReplacedEvent) => void wasEmpty.push(replaced.wasEmpty)
      users = await startUsers({ hub: { store, merge }, site: { onReplaced } })
      visitor = users.browser()
    })

    const fill = (site: string, wish: string | null) => visitor.post(site, '/account/data', { wish })
    /** @returns the ends of the sessions that are written meanwhile, `null` for one that lives on */
    async function written(act: () => Promise<unknown>): Promise<unknown[]> {
      const before = store.written.sessions.length
      await act()
      return store.written.sessions.slice(before).map(({ endReason }) => endReason)
    }

    it('end it, write nothing else, and ask no hook', async () => {
      await fill(users.shop, 'sun')
      await visitor.sync(users.shop)
      await fill(users.travel, 'sea')
      await fill(users.travel, null)
      const ends = await written(async () => {
        expect((await visitor.sync(users.travel)).redeemed?.json.reason).to.equal('empty')
      })
      expect(ends).to.deep.equal(['replaced'])
      expect([asked, wasEmpty]).to.deep.equal([0, [true]])
      expect((await visitor.whoami(users.travel)).data).to.deep.equal({ wish: 'sun' })
    })

    it('(a full one moves into the other by the hook, and is missed)', async () => {
      await fill(users.shop, 'sun')
      await visitor.sync(users.shop)
      await fill(users.travel, 'sea')
      const ends = await written(async () => {
        expect((await visitor.sync(users.travel)).redeemed?.json.reason).to.equal('merged')
      })
      expect(ends).to.have.members([null, 'replaced'])
      expect([asked, wasEmpty]).to.deep.equal([1, [false]])
    })

    it('end it at the hub too, when a user’s session takes its place', async () => {
      await fill(users.shop, 'sun')
      await visitor.sync(users.shop)
      await fill(users.shop, null)
      await visitor.post(users.travel, '/account/sign-in', { subject: 'ada' })
      const ends = await written(async () => {
        expect((await visitor.sync(users.travel)).outcome).to.equal('adopt')
      })
      expect([ends, asked]).to.deep.equal([['replaced'], 0])
    })

    it('are nothing to miss where both are the same one', async () => {
      for (const wish of ['sun', null]) {
        await fill(users.shop, wish)
        await visitor.sync(users.shop)
        await visitor.sync(users.travel)
        visitor.cookies(users.travel).delete('__Host-session-state')
        expect((await visitor.sync(users.travel)).redeemed?.json.reason).to.equal('empty')
      }
      expect(wasEmpty).to.deep.equal([true, false, true])
    })
  })
})

function shown(value: Json | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    for (const member of Object.values(value)) frozen(member)
  }
  return value
}
