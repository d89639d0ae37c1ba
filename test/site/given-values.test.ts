/** What an application gives us is plain JSON, or is refused before anything is sent; what we give it is its own, or frozen. */
import { expect } from 'chai'
import type { ErrorRequestHandler, Express, Request, Response } from 'express'
import type { HubOptions } from 'session-hub/hub'
import { type JsonObject, SessionHubError, type Site, type SiteOptions } from 'session-hub/site'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => ({ code: 'none', message: '' }),
    (error: unknown) => error as SessionHubError,
  )
const START = { cart: ['boots'], total: 80 }

describe('values between an application and us', () => {
  let world: World
  let site: Site
  let shop: string
  let ada: Visitor
  let act: (req: Request, res: Response) => unknown

  async function start(options: Partial<SiteOptions> = {}, hub: Partial<HubOptions> = {}): Promise<void> {
    world = await startWorld({ sites: [], hub })
    const build = (app: Express, made: Site) => {
      site = made
      app.use(site.router, site.session())
      app.post('/act', async (req, res) => {
        res.json({ said: await act(req, res) })
      })
      app.use(((error, _req, res, _next) => {
        const { code = 'unknown', message } = error as { code?: string; message: string }
        res.status(500).json({ error: error instanceof SessionHubError ? code : 'unknown', message })
      }) satisfies ErrorRequestHandler)
    }
    ;({ origin: shop } = await world.addSite('shop', build, options))
    ada = new Visitor(world.hub.origin)
  }
  afterEach(() => world.close())

  async function does(what: typeof act, who = ada): Promise<Record<string, unknown>> {
    act = what
    return (await who.post(shop, '/act', {})).json
  }
  const data = async () => (await does(({ session }) => session.data())).said
  const updates = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/update').length
  const asked = () => world.hub.listener.seen.filter(({ url }) => url !== '/backchannel/events').length

  describe('given to update', () => {
    const patches: [what: string, change: unknown, message: string][] = [
      ['a Map', new Map([['cart', []]]), 'is a Map'],
      ['a list', ['laces'], 'is an Array'],
      ['nothing', undefined, 'is undefined'],
      ['null', null, 'is null'],
      ['NaN', { total: NaN }, '"total" is NaN'],
      ['a BigInt', { total: 10n }, '"total" is a bigint'],
      ['an async function', async () => ({ cart: [] }), 'is a Promise'],
      ['an async function that fails', () => Promise.reject(new Error('no')), 'is a Promise'],
      ['a promise', Promise.resolve({ cart: [] }), 'is a Promise'],
      ['a function that gives nothing', () => undefined, 'is undefined'],
      ['a function that gives null', () => null, 'is null'],
      ['a function that gives a Set', () => ({ cart: new Set() }), '"cart" is a Set'],
    ]
    it('is refused where it is no JSON, and nothing is changed', async () => {
      await start()
      await does(({ session }) => session.update(START))
      const before = updates()
      for (const [what, change, message] of patches) {
        const { error, message: said } = await does(({ session }) => session.update(change as JsonObject))
        expect(error, what).to.equal('request_invalid')
        expect(said, what).to.include(message)
      }
      expect(updates()).to.equal(before)
      expect(await data()).to.deep.equal(START)
    })

    it('begins no session where it is no JSON', async () => {
      await start()
      for (const [what, change] of patches) {
        const { error } = await does(({ session }) => session.update(change as JsonObject))
        expect(error, what).to.equal('request_invalid')
      }
      expect(asked()).to.equal(0)
      expect([...ada.cookies(shop)]).to.deep.equal([])
    })

    it('is stored as it was when the call was made, and so are claims', async () => {
      await start()
      await does((req, res) => site.signIn(req, res, { subject: 'ada' }))
      const change = { cart: ['boots'] }
      const claims = { roles: ['reader'] }

      await does(async ({ session }) => {
        const both = [session.update(change), session.updateClaims(claims)]
        change.cart.push('laces')
        claims.roles.push('owner')
        await Promise.all(both)
      })

      expect(await data()).to.deep.equal({ cart: ['boots'] })
      expect((await does(({ session }) => session.claims)).said).to.deep.equal({ roles: ['reader'] })
    })

    it('may be a function that changes what it was shown, and gives it back', async () => {
      await start()
      await does(({ session }) => session.update(START))
      await does(({ session }) =>
        session.update((shown) => {
          ;(shown.cart as string[]).push('laces')
          return shown
        }),
      )
      expect(await data()).to.deep.equal({ ...START, cart: ['boots', 'laces'] })
    })
  })

  it('given to signIn are refused where they are none, and the hub is not asked', async () => {
    await start()
    for (const [who, message] of [
      [{ subject: 7 }, 'this one is a number: give String(id)'],
      [{ subject: 7n }, 'this one is a number: give String(id)'],
      [{ subject: undefined }, 'this one is undefined'],
      [{ subject: null }, 'this one is null'],
      [{ subject: ['ada'] }, 'this one is of type object'],
      [{ subject: '' }, 'at least one character'],
      [{ subject: 'a\0b' }, 'no control characters'],
      [{ subject: 'a'.repeat(256) }, 'at most 255 bytes'],
      [{ subject: 'ada', claims: null }, 'the value is null'],
      [{ subject: 'ada', claims: new Map() }, 'the value is a Map'],
      [{ subject: 'ada', claims: { since: new Date(0) } }, '"since" is a Date'],
      [{ subject: 'ada', claims: { roles: new Set(['admin']) } }, '"roles" is a Set'],
      [{ subject: 'ada', claims: { age: NaN } }, '"age" is NaN'],
    ] as const) {
      const { error, message: said } = await does((req, res) => site.signIn(req, res, who as never))
      expect(error, message).to.equal('request_invalid')
      expect(said, message).to.include(message)
    }
    expect(asked()).to.equal(0)
  })

  it('given to signIn are what they were when the call was made', async () => {
    await start()
    await does(async (req, res) => {
      const who = { subject: 'ada', claims: { roles: ['reader'] } }
      const signedIn = site.signIn(req, res, who)
      who.claims.roles.push('owner')
      who.subject = 'bob'
      await signedIn
    })
    expect((await does(({ session }) => [session.subject, session.claims])).said).to.deep.equal([
      'ada',
      { roles: ['reader'] },
    ])
  })

  it('given by tokenClaims make no token where they are none; what is undefined is left out', async () => {
    let made: object = {}
    await start({ tokenClaims: () => made })
    for (const [what, value] of Object.entries({
      map: { a: new Map() },
      nan: { a: NaN },
      date: { a: new Date() },
    })) {
      made = value
      expect((await does(({ session }) => session.update(START))).error, what).to.equal('unavailable')
      expect(world.log.at(-1), what).to.include({ event: 'hook_failed' })
      expect(world.log.at(-1)?.description, what).to.include('"a" is')
    }
    made = { role: 'guest', plan: undefined }
    await does(({ session }) => session.update(START))
    expect((await does(({ session }) => session.fields)).said).to.deep.equal({ role: 'guest' })
  })

  it('given as a subject to the hub are refused alike by every store', async () => {
    await start()
    const { sessions } = world.hub.hub
    for (const subject of [7, 7n, null, undefined, ['ada']]) {
      const list = await refusal(sessions.list(subject as never))
      const end = await refusal(sessions.endAll(subject as never))
      expect([list, end].map(({ code }) => code)).to.deep.equal(['request_invalid', 'request_invalid'])
      expect(list.message).to.include('a subject is a text')
    }
  })

  describe('that we give', () => {
    const claims = { roles: ['reader'], profile: { name: 'Ada' } }
    const push = (list: unknown) => {
      try {
        ;(list as string[]).push('changed')
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
      }
    }

    it('as claims and fields are not changed for another request', async () => {
      for (const options of [{}, { fields: ['roles', 'data.cart'], tokenClaims: () => ({ more: ['a'] }) }]) {
        await start(options)
        await does((req, res) => site.signIn(req, res, { subject: 'ada', claims }))
        await does(({ session }) => session.update(START))
        const look = () => does(({ session: { claims: said, fields } }) => ({ said, fields }))
        const before = await look()
        // The token as it was made, and as it was read.
        for (const seconds of [0, 200, 0]) {
          world.advance(seconds)
          await does(({ session }) => {
            push(session.claims.roles)
            for (const field of Object.values(session.fields)) push(field)
          })
          expect(await look()).to.deep.equal(before)
        }
        await world.close()
      }
      await start()
    })

    it('as data are each caller’s own', async () => {
      await start()
      await does(({ session }) => session.update(START))
      const [shown, told] = (
        await does(async ({ session }) => {
          const first = await session.data()
          push(first.cart)
          const after = await session.update({ seen: true })
          push(after.cart)
          return [first, await session.data()]
        })
      ).said as JsonObject[]
      expect(shown).to.deep.equal({ ...START, cart: ['boots', 'changed'] })
      expect(told).to.deep.equal({ ...START, seen: true })

      // Two requests whose questions to the hub become one.
      const both = await Promise.all(
        [0, 1].map(() =>
          does(async ({ session }) => {
            const { cart } = await session.data()
            push(cart)
            return cart
          }),
        ),
      )
      expect(both.map(({ said }) => said)).to.deep.equal([
        ['boots', 'changed'],
        ['boots', 'changed'],
      ])
    })

    it('to tokenClaims changes nothing but by what it returns', async () => {
      await start({
        tokenClaims: ({ claims: given, data: shown }) => {
          push(given.roles)
          push(shown.cart)
          return {}
        },
      })
      await does((req, res) => site.signIn(req, res, { subject: 'ada', claims }))
      await does(({ session }) => session.update(START))
      expect(await data()).to.deep.equal(START)
      expect((await does(({ session }) => session.claims)).said).to.deep.equal(claims)
    })

    it('to the hub’s merge changes nothing but by what it returns', async () => {
      const made = { cart: ['made'] }
      for (const [what, returned, expected] of [
        ['too much', { cart: 'x'.repeat(20_000) }, { cart: START.cart }],
        ['no JSON', { cart: new Set(['x']) }, { cart: START.cart }],
        ['an object of its own', made, { cart: ['made'] }],
      ] as const) {
        await start(
          {},
          {
            merge: ({ from, into }) => {
              push(from.cart)
              Object.assign(into, { planted: true })
              return returned as never
            },
          },
        )
        await does(({ session }) => session.update(START))
        await does((req, res) => site.signIn(req, res, { subject: 'ada' }))
        made.cart.push('later')
        expect(await data(), what).to.deep.equal(expected)
        made.cart.pop()
        if (what === 'no JSON')
          expect(world.log.find(({ event }) => event === 'hook_failed')?.description).to.include(
            '"cart" is a Set',
          )
        await world.close()
      }
      await start()
    })
  })
})
