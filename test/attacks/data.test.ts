/** What applications put into sessions never makes one unusable, and their hooks never decide a request (R21, R31). */
import { expect } from 'chai'
import express from 'express'
import type { JsonObject, SessionHubError } from 'session-hub/site'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

describe('what applications do', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  async function begin(options: WorldOptions = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], ...options })
    visitor = new Visitor(world.hub.origin)
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    // A door that writes any patch.
    for (const { listener, site } of Object.values(world.sites)) {
      listener.app.post('/patch', site.session(), express.json(), async (req, res) => {
        const update = req.session.update(req.body as Record<string, number>)
        const { code } = await update.then(
          () => ({ code: 'fine' }),
          (error: unknown) => error as SessionHubError,
        )
        res.status(code === 'fine' ? 200 : 400).json({ code })
      })
    }
  }
  afterEach(() => world.close())

  it('R31: two sessions that are each within the bounds can still be written to after they were merged', async () => {
    await begin()
    const keys = (prefix: string) =>
      Object.fromEntries(Array.from({ length: 20 }, (_, key) => [`${prefix}${key}`, key]))
    expect((await visitor.post(shop, '/patch', keys('a'))).status).to.equal(200)
    await visitor.sync(shop)
    expect((await visitor.post(travel, '/patch', keys('b'))).status).to.equal(200)
    expect((await visitor.sync(travel)).redeemed?.json).to.include({ reason: 'merged' })
    const reply = await visitor.post(travel, '/patch', { a0: 1 })
    expect(reply.status, reply.text).to.equal(200)
  })

  it('R31: claims that a site may give, the hub takes: both count levels alike', async () => {
    await begin()
    let claims: object = { level: 1 }
    for (let depth = 1; depth <= 6; depth += 1) {
      const ada = new Visitor(world.hub.origin)
      const reply = await ada.post(shop, '/sign-in', { name: 'ada', claims })
      expect(reply.status, `${depth} levels while the hub is up`).to.be.oneOf(depth > 5 ? [400] : [200])
      claims = { level: claims }
    }
  })

  it('R21: a sign-in that the site takes while the hub is down, the hub takes when it is back', async () => {
    await begin()
    await world.hub.listener.stop()
    const claims = { a: { b: { c: { d: { e: 1 } } } } }
    const reply = await visitor.post(shop, '/sign-in', { name: 'ada', claims })
    await world.hub.listener.start()
    world.advance(11)
    if (reply.status !== 200) return
    expect(await visitor.whoami(shop)).to.include({ subject: 'ada' })
    expect((await visitor.sync(shop)).outcome).to.equal('adopt')
  })

  for (const thrown of [undefined, null, 'text', new Error('the hook failed')]) {
    it(`a hook that throws ${String(thrown)} changes nothing: the session was replaced all the same`, async () => {
      await begin({
        site: {
          onReplaced: () => {
            // eslint-disable-next-line @typescript-eslint/only-throw-error -- applications do this
            throw thrown
          },
        },
      })
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await visitor.sync(shop)
      const synced = await visitor.sync(travel)
      expect(synced.redeemed?.status, synced.redeemed?.text).to.equal(200)
      expect(world.log.map(({ event }) => event)).to.include('hook_failed')
    })
  }

  it('R21: a lookup of sites that throws anything is 503 for everybody, and nobody may embed the frame', async () => {
    for (const thrown of [undefined, 'text', new Error('no database at /srv/sites.js:7')]) {
      await begin({
        hub: {
          findSite: () => {
            // eslint-disable-next-line @typescript-eslint/only-throw-error -- applications do this
            throw thrown
          },
        },
      })
      const reply = await visitor.ask(
        `${world.hub.origin}/frame?${new URLSearchParams({ site: shop, nonce: 'A'.repeat(43) })}`,
        { headers: { 'sec-fetch-dest': 'iframe', referer: `${shop}/` } },
      )
      expect(reply.status).to.equal(503)
      expect(reply.headers['content-security-policy']).to.match(/frame-ancestors 'none'$/)
      expect(reply.text).to.not.include('database')
      if (thrown !== undefined) expect(world.log.map(({ event }) => event)).to.include('site_lookup_failed')
      if (!(thrown instanceof Error)) await world.close()
    }
  })

  for (const given of [undefined, null, 'text', [1]]) {
    it(`R21: a merge hook that gives ${JSON.stringify(given)} is 503 and changes nothing; an object is taken`, async () => {
      let made: unknown = given
      await begin({ hub: { merge: () => made as JsonObject } })
      await visitor.post(shop, '/patch', { a: 1 })
      await visitor.sync(shop)
      await visitor.post(travel, '/patch', { b: 2 })
      expect((await visitor.sync(travel)).redeemed?.status).to.equal(503)
      expect((await visitor.whoami(travel)).data).to.deep.equal({ b: 2 })
      made = { c: 3 }
      expect((await visitor.sync(travel)).redeemed?.status).to.equal(200)
      expect((await visitor.whoami(travel)).data).to.deep.equal({ c: 3 })
    })
  }

  it('R21: a merge hook that throws is 503, the ticket can be tried again, nothing is lost', async () => {
    let isBroken = true
    await begin({
      hub: {
        merge: ({ from, into }) => {
          if (isBroken) throw new Error('hook')
          return { ...from, ...into }
        },
      },
    })
    await visitor.post(shop, '/patch', { a: 1 })
    await visitor.sync(shop)
    await visitor.post(travel, '/patch', { b: 2 })
    const failed = await visitor.sync(travel)
    expect(failed.redeemed?.status).to.equal(503)
    expect(failed.redeemed?.headers['set-cookie']).to.equal(undefined)
    expect((await visitor.whoami(travel)).data).to.deep.equal({ b: 2 })
    isBroken = false
    expect((await visitor.sync(travel)).redeemed?.status).to.equal(200)
    expect((await visitor.whoami(travel)).data).to.deep.equal({ a: 1, b: 2 })
  })

  for (const [name, seconds] of [
    ['within its grace', 310],
    ['past its grace', 400],
  ] as const) {
    it(`R28: a sign-out with a cookie ${name} reaches the hub when it is back`, async () => {
      let tell: () => void
      const told = new Promise<void>((resolve) => (tell = resolve))
      await begin({
        site: { graceForSeconds: 60 },
        inFrontOfHub: (req, res, next) => {
          if (req.url === '/backchannel/end') res.on('finish', tell)
          next()
        },
      })
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await visitor.sync(shop)
      await world.hub.listener.stop()
      world.advance(seconds)
      expect((await visitor.post(shop, '/session-hub/sign-out', {})).status).to.equal(200)
      expect(await visitor.whoami(shop)).to.include({ session: 'none' })
      await world.hub.listener.start()
      world.advance(11)
      await told
      expect((await visitor.sync(travel)).outcome).to.equal('none')
    }).timeout(6000)
  }
})
