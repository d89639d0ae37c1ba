/** Requests of one visitor beside each other: a late answer takes nothing back from an earlier one (R20, R28). */
import { expect } from 'chai'
import express, { type RequestHandler } from 'express'

import { readJws } from '../support/forge.js'
import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

const SESSION = '__Host-session'
const FRESH = 300
/** Longer than a site ever leaves a hub alone that did not answer. */
const PAUSE = 11

interface Held {
  /** Resolves when the request is there. */
  readonly arrived: Promise<void>
  release(): void
}

/** Between a site and the hub: holds the next request of a kind back, or lets it through and loses the answer. */
function line() {
  let expected: { path: string; take: RequestHandler } | undefined
  const handler: RequestHandler = (req, res, next) => {
    if (expected?.path !== req.url) {
      next()
      return
    }
    const { take } = expected
    expected = undefined
    take(req, res, next)
  }
  return {
    handler,
    hold(path: string): Held {
      let release: () => void = () => undefined
      const released = new Promise<void>((resolve) => (release = resolve))
      const arrived = new Promise<void>((resolve) => {
        expected = {
          path,
          take: (_req, _res, next) => {
            resolve()
            void released.then(() => {
              next()
            })
          },
        }
      })
      return { arrived, release }
    },
    /** Holds the answer back, and not the question. */
    holdAnswer(path: string): Held {
      let release: () => void = () => undefined
      const released = new Promise<void>((resolve) => (release = resolve))
      const arrived = new Promise<void>((resolve) => {
        expected = {
          path,
          take: (_req, res, next) => {
            const end = res.end.bind(res) as (...all: unknown[]) => typeof res
            res.end = (...all: unknown[]) => {
              resolve()
              void released.then(() => end(...all))
              return res
            }
            next()
          },
        }
      })
      return { arrived, release }
    },
    /** @returns what resolves when the hub has answered, to nobody */
    lose(path: string): Promise<void> {
      return new Promise((resolve) => {
        expected = {
          path,
          take: (_req, res, next) => {
            res.end = () => {
              resolve()
              return res
            }
            next()
          },
        }
      })
    },
  }
}

const namesOf = ({ headers }: Reply) =>
  (headers['set-cookie'] ?? []).map((cookie) => cookie.slice(0, cookie.indexOf('=')))

describe('beside another request of the same visitor', () => {
  let world: World
  let between: ReturnType<typeof line>
  let visitor: Visitor
  let shop: string
  let travel: string

  async function begin(options: WorldOptions = {}): Promise<void> {
    between = line()
    world = await startWorld({ sites: ['shop', 'travel'], inFrontOfHub: between.handler, ...options })
    visitor = new Visitor(world.hub.origin)
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
  }
  afterEach(() => world.close())

  const who = async (one: Visitor) => (await one.ask(`${shop}/who`)).json

  describe('R20: an anonymous visitor’s slow request, while he signs in', () => {
    beforeEach(async () => {
      await begin()
      await visitor.post(shop, '/cart', { item: 'boots' })
    })

    /** Sends a request whose act on the back-channel arrives at the hub only after this. */
    async function late(act: string, ask: () => Promise<Reply>, meanwhile: () => Promise<unknown>) {
      const held = between.hold(`/backchannel/${act}`)
      const slow = ask()
      await held.arrived
      await meanwhile()
      const cookies = new Map(visitor.cookies(shop))
      held.release()
      return { reply: await slow, cookies }
    }

    const signIn = async () => {
      expect((await visitor.post(shop, '/sign-in', { name: 'ada' })).status).to.equal(200)
    }

    async function expectStillAda({ reply, cookies }: Awaited<ReturnType<typeof late>>): Promise<void> {
      expect(namesOf(reply), reply.text).to.deep.equal([])
      expect([...visitor.cookies(shop)]).to.deep.equal([...cookies])
      expect(await visitor.whoami(shop)).to.deep.equal({
        session: 'signed-in',
        subject: 'ada',
        claims: {},
        data: { cart: ['boots'] },
      })
    }

    it('that reads does not clear the new cookies', async () => {
      await expectStillAda(await late('read', () => visitor.ask(`${shop}/whoami`), signIn))
    })

    it('that writes does not put a new anonymous session in their place', async () => {
      await expectStillAda(await late('update', () => visitor.post(shop, '/cart', { item: 'laces' }), signIn))
    })

    it('that looks an old cookie up does not clear the new ones either', async () => {
      world.advance(FRESH + 1)
      const held = between.hold('/backchannel/read')
      const slow = visitor.ask(`${shop}/who`)
      await held.arrived
      // The sign-in looks the cookie up too, and shares that one question.
      const signingIn = visitor.post(shop, '/sign-in', { name: 'ada' })
      held.release()
      await slow
      await signingIn
      world.advance(FRESH + 1)
      expect(await who(visitor)).to.include({ session: 'signed-in', subject: 'ada' })
    })

    it('that the hub has answered before writes no older cookies over the new ones', async () => {
      const held = between.holdAnswer('/backchannel/read')
      const slow = visitor.post(shop, '/session-hub/offer', { nonce: 'n'.repeat(43) })
      await held.arrived
      await signIn()
      const cookies = new Map(visitor.cookies(shop))
      held.release()
      await expectStillAda({ reply: await slow, cookies })
    })

    it('that the hub has answered before brings nothing back that was signed out meanwhile', async () => {
      await signIn()
      const held = between.holdAnswer('/backchannel/read')
      const slow = visitor.post(shop, '/session-hub/offer', { nonce: 'n'.repeat(43) })
      await held.arrived
      await visitor.post(shop, '/sign-out', {})
      held.release()
      expect(namesOf(await slow)).to.deep.equal([])
      expect(visitor.cookies(shop).has(SESSION)).to.equal(false)
      expect(await who(visitor)).to.include({ session: 'none', subject: null })
    })

    it('is answered as always when nobody signs in', async () => {
      const { reply } = await late(
        'update',
        () => visitor.post(shop, '/cart', { item: 'laces' }),
        () => Promise.resolve(),
      )
      expect({ status: reply.status, ...reply.json }).to.deep.equal({ status: 200, cart: ['boots', 'laces'] })
    })

    it('clears the cookies of a session that was ended on another site meanwhile', async () => {
      await signIn()
      await visitor.sync(shop)
      await visitor.sync(travel)
      const { reply } = await late(
        'read',
        () => visitor.ask(`${shop}/whoami`),
        () => visitor.post(travel, '/session-hub/sign-out', {}),
      )
      expect(reply).to.deep.include({ status: 200 })
      expect(reply.json).to.include({ session: 'none', subject: null })
      expect(namesOf(reply)).to.include(SESSION)
      expect(visitor.cookies(shop).has(SESSION)).to.equal(false)
      expect(await who(visitor)).to.include({ session: 'none', subject: null })
    })
  })

  describe('R28: a sign-in that the hub hears of later', () => {
    let provisional: string

    beforeEach(async () => {
      await begin({ site: { hubTimeoutMs: 1500 } })
      await world.hub.listener.stop()
      await visitor.post(shop, '/sign-in', { name: 'bob' })
      provisional = visitor.cookies(shop).get(SESSION)!
      expect(readJws(provisional).claims.sk).to.equal(undefined)
      await world.hub.listener.start()
      world.advance(PAUSE)
    })

    /** The same browser, in a request that left it with the old cookie. */
    function old(): Visitor {
      const earlier = new Visitor(world.hub.origin)
      earlier.cookies(shop).set(SESSION, provisional)
      return earlier
    }

    it('is his in a request that comes with the old cookie after another has registered it', async () => {
      expect(await who(visitor)).to.include({ session: 'signed-in', subject: 'bob', isStale: false })
      const registered = visitor.cookies(shop).get(SESSION)
      expect(registered).to.not.equal(provisional)

      const late = old()
      expect(await who(late)).to.include({ session: 'signed-in', subject: 'bob' })
      world.advance(FRESH + 1)
      for (const one of [visitor, late]) {
        expect(await one.whoami(shop)).to.include({ session: 'signed-in', subject: 'bob' })
      }
    })

    it('is nobody’s in such a request when he has signed out in between', async () => {
      await who(visitor)
      await visitor.post(shop, '/session-hub/sign-out', {})
      const late = old()
      await who(late)
      world.advance(FRESH + 1)
      expect(await late.whoami(shop)).to.include({ session: 'none', subject: null })
    })

    it('is his at the next try when the hub’s answer to the first was lost', async () => {
      const answered = between.lose('/backchannel/sign-in')
      expect(await who(visitor)).to.include({ session: 'signed-in', subject: 'bob', isStale: true })
      await answered
      world.advance(PAUSE)
      expect(await who(visitor)).to.include({ session: 'signed-in', subject: 'bob', isStale: false })
      world.advance(FRESH + 1)
      expect(await visitor.whoami(shop)).to.include({ session: 'signed-in', subject: 'bob' })
    })

    it('is nobody’s at a try that comes much later than the one whose answer was lost', async () => {
      const answered = between.lose('/backchannel/sign-in')
      await who(visitor)
      await answered
      world.advance(1800)
      expect(await who(visitor)).to.include({ session: 'none', subject: null })
    })
  })

  describe('a page that the application lets every cache keep', () => {
    const FOR_EVERYONE = 'public, max-age=600'

    beforeEach(async () => {
      await begin()
      const pages = express.Router()
      pages.get('/terms', (_req, res) => {
        res.set('cache-control', FOR_EVERYONE).send('terms')
      })
      pages.get('/terms-by-hand', (_req, res) => {
        res.writeHead(200, { 'cache-control': FOR_EVERYONE, 'content-type': 'text/plain' })
        res.end('terms')
      })
      world.siteOf('shop').listener.use(pages)
      await visitor.post(shop, '/sign-in', { name: 'ada' })
    })

    for (const path of ['/terms', '/terms-by-hand']) {
      it(`is for him alone when it carries his new cookie (${path})`, async () => {
        world.advance(FRESH + 1)
        const reply = await visitor.ask(shop + path)
        expect(reply.text).to.equal('terms')
        expect(namesOf(reply)).to.include(SESSION)
        expect(reply.headers['cache-control']).to.match(/\bprivate\b/)
        expect(reply.headers['cache-control']).to.not.match(/\bpublic\b/)
      })

      it(`is left as it is when it carries none (${path})`, async () => {
        const reply = await visitor.ask(shop + path)
        expect(reply.headers['set-cookie']).to.equal(undefined)
        expect(reply.headers['cache-control']).to.equal(FOR_EVERYONE)
      })
    }
  })
})
