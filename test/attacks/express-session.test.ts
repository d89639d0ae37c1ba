/**
 * Attacks on an application of express-session whose session is the hub's: by a registered site that writes into the shared data, by somebody who
 * has planted a session, and by requests that come beside each other. Each has its twin, which differs in one thing and is allowed.
 */
import { expect } from 'chai'
import type { Request } from 'express'
import session from 'express-session'
import { expressSession } from 'session-hub/express-session'
import type { JsonObject } from 'session-hub/site'

import { passportApp, type PassportAppOptions, SECRET, sessionOf } from '../support/passport-app.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a session of express-session at the hub, attacked', () => {
  let world: World
  let ada: Visitor
  let mallory: Visitor
  let shop: string
  let theirs: string
  let magazine: string
  /** What a request waits for before it writes. */
  let before: (req: Request) => Promise<void>

  beforeEach(async () => {
    before = () => Promise.resolve()
    world = await startWorld({ sites: ['magazine'] })
    const options: PassportAppOptions = {
      routes: (app) => {
        app.post('/put', async (req, res) => {
          await before(req)
          const { cart, ...others } = req.body as JsonObject
          const kept = sessionOf(req)
          if (cart) kept.cart = { ...(kept.cart as object | undefined), ...(cart as object) }
          Object.assign(kept, others)
          res.json({})
        })
        app.get('/kept', (req, res) => {
          const { cookie: _cookie, ...kept } = sessionOf(req)
          res.json(kept)
        })
      },
    }
    await world.addSite(
      'shop',
      (app, site) => {
        app.use(site.router)
        passportApp(app, expressSession(site, { secret: SECRET, shared: ['cart', 'list'] }), options)
      },
      { sessionProperty: 'hub' },
    )
    await world.addSite('theirs', (app) => {
      passportApp(app, session({ secret: SECRET, resave: false, saveUninitialized: false }), options)
    })
    ;[shop, theirs, magazine] = ['shop', 'theirs', 'magazine'].map((name) => world.siteOf(name).origin) as [
      string,
      string,
      string,
    ]
    ;[ada, mallory] = [new Visitor(world.hub.origin), new Visitor(world.hub.origin)]
  })
  afterEach(() => world.close())

  const signIn = (visitor: Visitor, username: string, origin = shop) =>
    visitor.post(origin, '/login', { username, password: 'right' })
  const keptBy = async (visitor: Visitor, origin = shop) => (await visitor.ask(`${origin}/kept`)).json
  const userOf = async (visitor: Visitor) => (await visitor.ask(`${shop}/`)).json.user

  /** The same session at the magazine, whose backend writes what it likes. */
  async function dataAtMagazine(visitor: Visitor): Promise<Record<string, unknown>> {
    await visitor.sync(shop)
    await visitor.sync(magazine)
    return (await visitor.whoami(magazine)).data as Record<string, unknown>
  }
  const patch = (visitor: Visitor, change: object) => visitor.post(magazine, '/patch', change)

  describe('by a site that writes into the data', () => {
    it('R42: nobody is signed in by what stands there; by its own sign-in, which every site is believed, somebody is', async () => {
      await mallory.post(shop, '/put', { views: 1 })
      const [sealed = ''] = Object.keys(await dataAtMagazine(mallory)).filter((name) =>
        name.startsWith('views~'),
      )
      const tag = sealed.slice(sealed.indexOf('~'))
      const user = { user: 'root' }
      await patch(mallory, { passport: user, [`passport${tag}`]: JSON.stringify(user), user: 'root' })
      await patch(mallory, { [`passport${tag}`]: user })
      expect(await userOf(mallory)).to.equal(null)
      expect(await keptBy(mallory)).to.deep.equal({ views: 1, flash: {} })

      await mallory.post(magazine, '/sign-in', { name: 'mallory' })
      await mallory.sync(magazine)
      await mallory.sync(shop)
      expect(await userOf(mallory)).to.deep.equal({ id: 'mallory' })
    })

    it('R42: what is the application’s own cannot be read there; what is shared can', async () => {
      await signIn(ada, 'ada')
      await ada.post(shop, '/put', { passwordHint: 'my cat', cart: { boots: 1 } })
      const data = await dataAtMagazine(ada)
      expect(JSON.stringify(data)).to.not.include('my cat')
      expect(data.cart).to.deep.equal({ boots: 1 })
    })

    it('R42: nor written: changed, under another name, or from the session of somebody else; its own is there', async () => {
      await signIn(mallory, 'mallory')
      await mallory.post(shop, '/put', { isAdmin: true, isGuest: false })
      const stolen = await dataAtMagazine(mallory)
      const nameOf = (key: string) => Object.keys(stolen).find((name) => name.startsWith(`${key}~`))!
      await signIn(ada, 'ada')
      await ada.post(shop, '/put', { views: 1 })
      await dataAtMagazine(ada)

      await patch(ada, { [nameOf('isAdmin')]: stolen[nameOf('isAdmin')] })
      expect(await keptBy(ada)).to.deep.equal({ views: 1, passport: { user: 'ada' } })
      await patch(ada, { [nameOf('isAdmin')]: 'true', isAdmin: true })
      expect(await keptBy(ada)).to.deep.equal({ views: 1, passport: { user: 'ada' } })
      await patch(mallory, { [nameOf('isGuest')]: stolen[nameOf('isAdmin')] })
      expect(await keptBy(mallory)).to.deep.equal({ isAdmin: true, passport: { user: 'mallory' } })
      await patch(mallory, { [nameOf('isGuest')]: stolen[nameOf('isGuest')] })
      expect(await keptBy(mallory)).to.deep.equal({
        isAdmin: true,
        isGuest: false,
        passport: { user: 'mallory' },
      })
    })

    it('R42: nor brought back from an earlier sign-in of the same user; what this one has put there is', async () => {
      await signIn(ada, 'ada')
      await ada.post(shop, '/put', { hasSecondFactor: true })
      const earlier = await dataAtMagazine(ada)
      world.advance(60)
      await signIn(ada, 'ada')
      await ada.post(shop, '/put', { views: 1 })
      await dataAtMagazine(ada)
      await patch(ada, earlier)
      expect(await keptBy(ada)).to.deep.equal({ views: 1, passport: { user: 'ada' } })
    })

    it('a key of a dangerous name changes no object; one of another does what it says', async () => {
      await ada.post(shop, '/put', { cart: { boots: 1 } })
      await dataAtMagazine(ada)
      await patch(ada, { save: 'broken', cookie: 'broken', req: 'broken', cart: { constructor: 1 } })
      expect(await keptBy(ada)).to.deep.equal({ cart: { boots: 1, constructor: 1 } })
      expect((await ada.post(shop, '/put', { views: 1 })).status).to.equal(200)
    })
  })

  describe('R20: by a session that was planted before the sign-in', () => {
    it('its copy is nobody’s afterwards, and knows nothing; the visitor’s own is signed in', async () => {
      await mallory.post(shop, '/put', { cart: { trap: 1 }, returnTo: 'https://evil.example', csrf: 'known' })
      const planted = await keptBy(mallory)
      expect(planted).to.include({ csrf: 'known' })
      ada = mallory.copy()
      await signIn(ada, 'ada')
      expect(await userOf(ada)).to.deep.equal({ id: 'ada' })
      expect(await userOf(mallory)).to.equal(null)
      expect(await keptBy(mallory)).to.deep.equal({})
      // What is the application's own does not come along, as with express-session; what is shared does.
      expect(await keptBy(ada)).to.deep.equal({ cart: { trap: 1 }, passport: { user: 'ada' } })
    })

    it('no id that was known before stays', async () => {
      await ada.post(shop, '/put', { views: 1 })
      const idOf = async () => (await ada.ask(`${shop}/form`)).json.token
      const known = await idOf()
      await signIn(ada, 'ada')
      expect((await ada.post(shop, '/form', {}, { 'x-csrf-token': String(known) })).status).to.equal(403)
      const own = await idOf()
      expect((await ada.post(shop, '/form', {}, { 'x-csrf-token': String(own) })).status).to.equal(200)
    })

    it('after a sign-out nothing of the user’s is left for who comes next, and a copy of the cookies is worth nothing', async () => {
      await signIn(ada, 'ada')
      await ada.post(shop, '/put', { cart: { boots: 1 }, mail: 'ada@shop.example' })
      const thief = ada.copy()
      await ada.post(shop, '/logout', {})
      expect(await keptBy(ada)).to.deep.equal({ flash: { info: ['Good-bye'] } })
      expect(await keptBy(thief)).to.deep.equal({})
    })
  })

  describe('by requests beside each other', () => {
    /** Each has its session, and none writes before all have. */
    function together(count: number): void {
      let waiting = 0
      let go!: () => void
      const all = new Promise<void>((resolve) => (go = resolve))
      before = () => {
        waiting += 1
        if (waiting === count) go()
        return all
      }
    }
    const changes = [{ one: 1 }, { two: 2 }, { cart: { boots: 1 } }, { cart: { laces: 2 } }]

    it('no change is lost that another request makes to another key, or to another member of a shared one; express-session loses all but the last', async () => {
      for (const origin of [shop, theirs]) {
        await ada.post(origin, '/put', { cart: { hat: 1 } })
        together(changes.length)
        await Promise.all(changes.map((change) => ada.post(origin, '/put', change)))
      }
      const all = { one: 1, two: 2, cart: { hat: 1, boots: 1, laces: 2 } }
      expect(await keptBy(ada)).to.deep.equal(all)
      expect(await keptBy(ada, theirs)).to.not.deep.equal(all)
    })

    it('a list that another request has changed is not put back by one that has changed something else', async () => {
      await ada.post(shop, '/put', { list: ['hat'], views: 1 })
      let arrived!: () => void
      let go!: () => void
      const isHere = new Promise<void>((resolve) => (arrived = resolve))
      const mayGo = new Promise<void>((resolve) => (go = resolve))
      before = () => {
        before = () => Promise.resolve()
        arrived()
        return mayGo
      }
      const slow = ada.post(shop, '/put', { views: 2 })
      await isHere
      await ada.post(shop, '/put', { list: ['hat', 'boots'] })
      go()
      await slow
      expect(await keptBy(ada)).to.deep.equal({ list: ['hat', 'boots'], views: 2 })
    })

    it('a request from before a sign-out brings nothing back; before the sign-out it is stored', async () => {
      await signIn(ada, 'ada')
      await ada.post(shop, '/put', { early: 1 })
      expect(await keptBy(ada)).to.include({ early: 1 })
      let arrived!: () => void
      let go!: () => void
      const isHere = new Promise<void>((resolve) => (arrived = resolve))
      const mayGo = new Promise<void>((resolve) => (go = resolve))
      before = () => {
        arrived()
        return mayGo
      }
      const thief = ada.copy()
      const late = thief.post(shop, '/put', { late: 1 })
      await isHere
      await ada.post(shop, '/logout', {})
      go()
      const { status, json, headers } = await late
      expect([status, json.error, headers['set-cookie']]).to.deep.equal([410, 'session_ended', undefined])
      expect(await keptBy(ada)).to.deep.equal({ flash: { info: ['Good-bye'] } })
      expect(await keptBy(thief)).to.deep.equal({})
    })

    it('two sign-ins at once are one session, and the cart is in it once', async () => {
      await ada.post(shop, '/put', { cart: { boots: 1 } })
      const twice = [ada.copy(), ada.copy()]
      await Promise.all(twice.map((one) => signIn(one, 'ada')))
      for (const one of twice)
        expect(await keptBy(one)).to.deep.equal({ cart: { boots: 1 }, passport: { user: 'ada' } })
      expect(await world.hub.hub.sessions.list('ada')).to.have.length(1)
    })
  })
})
