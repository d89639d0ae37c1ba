/** The hub's keys over time: published, signing, retired, unknown, and a hub that publishes nonsense (R9). */
import { expect } from 'chai'
import type { Response } from 'express'
import { generateHubKeys, type HubKeys, type HubSigningKey, rotateHubKeys } from 'session-hub/hub'

import { openTicket, seal, signEs256 } from '../support/forge.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe("the hub's keys", () => {
  let world: World
  let visitor: Visitor
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    travel = world.siteOf('travel').origin
    visitor = new Visitor(world.hub.origin)
    await visitor.post(world.siteOf('shop').origin, '/sign-in', { name: 'ada' })
    await visitor.sync(world.siteOf('shop').origin)
  })
  afterEach(() => world.close())

  const fetches = () => world.hub.listener.seen.filter(({ url }) => url === '/.well-known/jwks.json').length
  const redeem = ({ ticket, verifier }: { ticket: string; verifier: string }) =>
    visitor.post(travel, '/session-hub/redeem', { ticket, verifier })
  /** As if the visitor came for the first time, so that the frame gives a ticket. */
  async function freshTicket(): Promise<{ ticket: string; verifier: string }> {
    visitor.cookies(travel).clear()
    return visitor.ticket(travel)
  }
  const kidOf = (ticket: string) => openTicket(world, world.siteOf('travel'), ticket).header.kid

  /** A true ticket, signed by another key than the one that signs now. */
  async function ticketBy(key: HubSigningKey): Promise<{ ticket: string; verifier: string }> {
    const { ticket, verifier } = await freshTicket()
    const { header, claims, siteKeys } = openTicket(world, world.siteOf('travel'), ticket)
    const jws = signEs256({ header: { ...header, kid: key.kid }, payload: claims }, key)
    return { ticket: seal(jws, siteKeys.ticket), verifier }
  }

  it('R9: a new key is published before it signs, signs when its time has come, and retires the old one', async () => {
    const [old] = world.hub.keys.signing
    const rotated = await rotateHubKeys(world.hub.keys, world.now())
    const next = rotated.signing[1]!
    await world.hub.hub.setKeys(rotated)
    const published = async () => {
      const { json } = await visitor.ask(`${world.hub.origin}/.well-known/jwks.json`)
      return (json.keys as { kid: string }[]).map(({ kid }) => kid)
    }
    expect(await published()).to.deep.equal([old!.kid, next.kid])

    const before = await freshTicket()
    expect(kidOf(before.ticket)).to.equal(old!.kid)
    expect((await redeem(before)).status).to.equal(200)

    world.advance(next.signsFrom! - world.now() / 1000 - 1)
    const last = await freshTicket()
    expect(kidOf(last.ticket)).to.equal(old!.kid)
    world.advance(2)
    const first = await freshTicket()
    expect(kidOf(first.ticket)).to.equal(next.kid)
    expect((await redeem(last)).status, 'the old key’s last ticket').to.equal(200)
    expect((await redeem(first)).status, 'the new key’s first ticket').to.equal(200)

    world.advance(rotated.signing[0]!.retiresAt! - world.now() / 1000 + 1)
    expect(await published()).to.deep.equal([next.kid])
    expect((await redeem(await freshTicket())).status).to.equal(200)
  })

  it('R9: a key that is gone when a site first asks for the keys signs nothing there', async () => {
    const [old] = world.hub.keys.signing
    const fresh = await generateHubKeys()
    await world.hub.hub.setKeys({ ...fresh, secret: world.hub.keys.secret })
    expectRefusalWithoutCookies(await redeem(await ticketBy(old!)), 401, 'ticket_invalid')
    world.advance(31)
    expect((await redeem(await freshTicket())).status).to.equal(200)
  })

  it('R9: a retired key is refused by a site that knew it, too', async () => {
    const [old] = world.hub.keys.signing
    expect((await redeem(await freshTicket())).status).to.equal(200)
    const rotated = await rotateHubKeys(world.hub.keys, world.now())
    await world.hub.hub.setKeys(rotated)
    world.advance(1000)
    // The site meets the new key while the old one is still published, and so learns both.
    expect((await redeem(await freshTicket())).status).to.equal(200)
    world.advance(3600)
    expect(rotated.signing[0]!.retiresAt).to.be.below(world.now() / 1000)
    expectRefusalWithoutCookies(await redeem(await ticketBy(old!)), 401, 'ticket_invalid')
    expect((await redeem(await freshTicket())).status).to.equal(200)
  })

  it('R9: the hub signs with no key past its time: 503, and says so on /readyz', async () => {
    const [key] = world.hub.keys.signing
    const retiresAt = Math.floor(world.now() / 1000) + 60
    await world.hub.hub.setKeys({ ...world.hub.keys, signing: [{ ...key!, retiresAt }] })
    expect((await freshTicket()).ticket).to.be.a('string')
    world.advance(61)
    const { data, status } = await visitor.frame(travel, 'A'.repeat(43))
    expect({ status, message: data.message }).to.deep.equal({
      status: 503,
      message: { sessionHub: 1, nonce: 'A'.repeat(43), outcome: 'failed', reason: 'unavailable' },
    })
    expectRefusalWithoutCookies(await visitor.ask(`${world.hub.origin}/readyz`), 503, 'unavailable')
  })

  it('R9: an unknown kid causes one fetch in 30 seconds, and known ones none', async () => {
    expect((await redeem(await freshTicket())).status).to.equal(200)
    expect(fetches()).to.equal(1)
    const stranger = (await generateHubKeys()).signing[0]!
    const forged = await ticketBy(stranger)
    world.advance(31)
    await Promise.all(Array.from({ length: 10 }, () => redeem(forged)))
    expectRefusalWithoutCookies(await redeem(await ticketBy(stranger)), 401, 'ticket_invalid')
    expect(fetches()).to.equal(2)
    world.advance(29)
    await redeem(await ticketBy(stranger))
    expect(fetches()).to.equal(2)
    world.advance(2)
    await redeem(await ticketBy(stranger))
    expect(fetches()).to.equal(3)
    expect((await redeem(await freshTicket())).status).to.equal(200)
    expect(fetches()).to.equal(3)
  })

  it('R26: the published keys are public halves, and nothing else of a key leaves the hub', async () => {
    const { json, text } = await visitor.ask(`${world.hub.origin}/.well-known/jwks.json`)
    for (const jwk of json.keys as object[]) {
      expect(Object.keys(jwk).sort()).to.deep.equal(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    }
    expect(text).to.not.include(world.hub.keys.signing[0]!.d)
    expect(text).to.not.include(world.hub.keys.secret)
  })
})

describe('R9: a hub that answers the question for its keys with an error', () => {
  it('is not asked again with every ticket', async () => {
    const world = await startWorld({
      sites: ['shop', 'travel'],
      inFrontOfHub: (req, res, next) => {
        if (req.url === '/.well-known/jwks.json') res.status(500).json({ error: 'unavailable' })
        else next()
      },
    })
    try {
      const travel = world.siteOf('travel').origin
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(world.siteOf('shop').origin, '/sign-in', { name: 'ada' })
      await visitor.sync(world.siteOf('shop').origin)
      const { ticket, verifier } = await visitor.ticket(travel)
      for (let time = 0; time < 10; time += 1) {
        const reply = await visitor.post(travel, '/session-hub/redeem', { ticket, verifier })
        expect(reply.status).to.be.oneOf([401, 503])
      }
      const fetches = world.hub.listener.seen.filter(({ url }) => url === '/.well-known/jwks.json')
      expect(fetches.length).to.be.at.most(2)
    } finally {
      await world.close()
    }
  })
})

describe('R9, R21: while the list of keys alone cannot be had, and all else of the hub answers', () => {
  const trouble: Record<string, (res: Response) => unknown> = {
    'it hangs': () => undefined,
    'it stops in the middle': (res) => res.type('json').write('{"keys":['),
    'it is too large': (res) => res.type('json').send(' '.repeat(4_000_000)),
    'it is an error': (res) => res.status(503).json({ error: 'unavailable' }),
  }
  for (const [name, answer] of Object.entries(trouble)) {
    it(`(${name}): a known key is used at once, and nothing else pauses, for a day`, async () => {
      let isBad = false
      const world = await startWorld({
        sites: ['shop', 'travel'],
        inFrontOfHub: (req, res, next) => {
          if (isBad && req.url === '/.well-known/jwks.json') answer(res)
          else next()
        },
      })
      try {
        const travel = world.siteOf('travel').origin
        const visitor = new Visitor(world.hub.origin)
        await visitor.post(world.siteOf('shop').origin, '/sign-in', { name: 'ada' })
        await visitor.sync(world.siteOf('shop').origin)
        const redeem = async (): Promise<Reply> => {
          visitor.cookies(travel).clear()
          const { ticket, verifier } = await visitor.ticket(travel)
          return visitor.post(travel, '/session-hub/redeem', { ticket, verifier })
        }
        expect((await redeem()).status).to.equal(200)

        isBad = true
        world.advance(601)
        const beganMs = performance.now()
        for (let count = 0; count < 6; count += 1) expect((await redeem()).status).to.equal(200)
        expect(performance.now() - beganMs, 'less than the time limit').to.be.below(2500)
        expect(world.log.map(({ event }) => event)).to.not.include('hub_unreachable')
        const fetches = world.hub.listener.seen.filter(({ url }) => url === '/.well-known/jwks.json')
        expect(fetches).to.have.length(2)

        world.advance(86_400)
        expectRefusalWithoutCookies(await redeem(), 503, 'unavailable')
        isBad = false
        world.advance(31)
        expect((await redeem()).status).to.equal(200)
      } finally {
        await world.close()
      }
    })
  }
})

describe('R9: a hub that publishes nonsense', () => {
  const [x, y] = ['A'.repeat(43), 'A'.repeat(43)]
  const nonsense: Record<string, unknown> = {
    'no list': {},
    'an empty list': { keys: [] },
    'a list of nothing': { keys: [null] },
    'a list that is none': { keys: 'all' },
    'thirty-three keys': { keys: Array.from({ length: 33 }, () => ({})) },
    'a key off the curve': { keys: [{ kty: 'EC', crv: 'P-256', kid: 'a', x, y }] },
    'a symmetric key': { keys: [{ kty: 'oct', kid: 'a', k: x }] },
    'an RSA key': { keys: [{ kty: 'RSA', kid: 'a', n: x, e: 'AQAB' }] },
    'a page': '<!doctype html><title>Welcome</title>',
  }

  for (const [name, answer] of Object.entries(nonsense)) {
    it(`(${name}): the site keeps the old keys`, async () => {
      let isBad = false
      const world = await startWorld({
        sites: ['shop', 'travel'],
        inFrontOfHub: (req, res, next) => {
          if (isBad && req.url === '/.well-known/jwks.json') res.send(answer)
          else next()
        },
      })
      try {
        const travel = world.siteOf('travel').origin
        const visitor = new Visitor(world.hub.origin)
        await visitor.post(world.siteOf('shop').origin, '/sign-in', { name: 'ada' })
        await visitor.sync(world.siteOf('shop').origin)
        expect((await visitor.sync(travel)).redeemed?.status).to.equal(200)

        isBad = true
        world.advance(31)
        const fresh: HubKeys = await generateHubKeys()
        visitor.cookies(travel).clear()
        const { ticket, verifier } = await visitor.ticket(travel)
        const opened = openTicket(world, world.siteOf('travel'), ticket)
        const { header, claims, siteKeys } = opened
        const unknown = signEs256(
          { header: { ...header, kid: fresh.signing[0]!.kid }, payload: claims },
          fresh.signing[0]!,
        )
        const refused = await visitor.post(travel, '/session-hub/redeem', {
          ticket: seal(unknown, siteKeys.ticket),
          verifier,
        })
        expect(refused.status).to.be.oneOf([401, 503])
        expect(refused.headers['set-cookie']).to.equal(undefined)

        world.advance(0.6)
        const twin = await visitor.post(travel, '/session-hub/redeem', { ticket: opened.again(), verifier })
        expect(twin.status, twin.text).to.equal(200)
      } finally {
        await world.close()
      }
    })
  }
})
