/** Signing in at the admin pages, against those who guess, copy, forge or keep what is over (R32). */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import express from 'express'
import { createHub, generateHubKeys, memoryStore } from 'session-hub/hub'

import { type Administrator, newToken } from '../support/administrator.js'
import { type AdminWorld, startAdminWorld } from '../support/admin-world.js'
import { flip } from '../support/forge.js'
import { send } from '../support/visitor.js'
import { startWorld } from '../support/world.js'

const SIGN_IN = '__Host-session-hub-admin'
const FORM = '__Host-session-hub-admin-form'

describe('R32: signing in at the admin pages', () => {
  let world: AdminWorld
  let hub: string
  let chief: Administrator

  beforeEach(async () => {
    world = await startAdminWorld()
    hub = world.world.hub.origin
    chief = await world.admin('chief')
  })
  afterEach(() => world.world.close())

  describe('guessing', () => {
    it('lets five of twenty wrong tokens be compared, in sequence or at once, and then makes that address wait', async () => {
      const stranger = world.stranger()
      const first = [await stranger.signIn('wrong'), await stranger.signIn('')]
      const rest = await Promise.all(
        Array.from({ length: 18 }, () => stranger.send('/admin/sign-in', { token: 'wrong' })),
      )
      const statuses = [...first, ...rest].map(({ status }) => status)

      expect(statuses.filter((status) => status === 401)).to.have.length(5)
      expect(statuses.filter((status) => status === 429)).to.have.length(15)
      const refused = rest.find(({ status }) => status === 429)!
      expect(Number(refused.headers['retry-after'])).to.be.within(1, 300)
      expect(refused.text).to.include('Too many wrong tokens')
      expect((await stranger.signIn(world.tokens.chief)).status, 'the right one, too late').to.equal(429)
    })

    it('(a right one among four wrong ones is let in, and the wrong ones still count)', async () => {
      const stranger = world.stranger()
      for (let at = 0; at < 4; at += 1) expect((await stranger.signIn('wrong')).status).to.equal(401)

      expect((await stranger.signIn(world.tokens.chief)).status).to.equal(303)
      expect((await stranger.read('/admin')).status).to.equal(200)
      await stranger.send('/admin/sign-out')
      expect((await stranger.signIn('wrong')).status).to.equal(401)
      expect((await stranger.signIn('wrong')).status).to.equal(429)
    })

    it('is counted for programs too, and a right token may ask often and at once', async () => {
      const headers = { authorization: 'Bearer wrong' }
      const wrong = await Promise.all(
        Array.from({ length: 20 }, () => send(`${hub}/admin/api/sessions`, { headers })),
      )
      const right = await Promise.all(
        Array.from({ length: 20 }, () => world.program('reader')('/admin/api/sessions')),
      )

      expect(wrong.filter(({ status }) => status === 401)).to.have.length(5)
      expect(wrong.filter(({ status }) => status === 429)).to.have.length(15)
      expect(right.every(({ status }) => status === 200)).to.equal(true)
    })

    it('R31: lets five be compared in all, however many processes the hub has', async () => {
      const { keys, store, origin } = world.world.hub
      const tokens = [newToken('other', 'read').known]
      const second = await createHub({ origin, keys, store, admin: { tokens }, now: () => world.world.now() })
      const server = createServer(express().use(second.router)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const headers = { authorization: 'Bearer wrong', host: new URL(origin).host }
      const ask = (at: number) =>
        send(`${at % 2 ? origin : `http://127.0.0.1:${port}`}/admin/api/sessions`, { headers })
      const statusesOf = async (count: number) => {
        const replies = await Promise.all(Array.from({ length: count }, (_, at) => ask(at)))
        return replies.map(({ status }) => status).sort()
      }

      try {
        // From the beginning of a window on, so that none ends in between.
        world.world.advance(300 - ((world.world.now() / 1000) % 300))
        expect(await statusesOf(20)).to.deep.equal([
          ...Array<number>(5).fill(401),
          ...Array<number>(15).fill(429),
        ])
        expect(Number((await ask(0)).headers['retry-after'])).to.be.within(1, 300)
        expect((await world.program('reader')('/admin/api/sessions')).status).to.equal(200)
        const rows = JSON.stringify(await store.audit({ limit: 100 }))
        expect(rows).to.not.include('wrong')
      } finally {
        server.close()
        // The store is the world's to close.
      }
    })

    it('stands in the audit, without what was guessed, and so does the sign-in', async () => {
      await world.stranger().signIn('a-wrong-token')
      await world.stranger().signIn(world.tokens.reader)

      const rows = await world.world.hub.store.audit({ limit: 2 })

      expect(rows.map(({ who, act, outcome }) => [who, act, outcome])).to.deep.equal([
        ['reader', 'sign-in', 'done'],
        ['unknown', 'sign-in', 'refused'],
      ])
      expect(JSON.stringify([rows, world.world.log])).not.to.include('a-wrong-token')
    })
  })

  describe('the cookie of a sign-in', () => {
    const cookieOf = (who: Administrator, name = SIGN_IN) => who.cookies(hub).get(name) ?? ''
    const opens = async (cookie: string) => {
      const { status } = await send(`${hub}/admin`, { headers: { cookie: `${SIGN_IN}=${cookie}` } })
      return status === 200
    }

    it('is for the hub’s own pages alone, and gone with the browser', async () => {
      const stranger = world.stranger()
      const page = await stranger.read('/admin/sign-in')
      const done = await stranger.send('/admin/sign-in', { token: world.tokens.chief })
      const out = (await stranger.read('/admin'), await stranger.send('/admin/sign-out'))

      const attributes = [page, done, out].map(({ headers }) =>
        (headers['set-cookie'] ?? []).map((set) => set.replace(/^([^=]+)=[^;]+/, '$1=…')),
      )
      expect(attributes).to.deep.equal([
        [`${FORM}=…; Path=/; Secure; HttpOnly; SameSite=Strict`],
        [`${SIGN_IN}=…; Path=/; Secure; HttpOnly; SameSite=Strict`],
        [`${SIGN_IN}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict`],
      ])
    })

    it('opens nothing when one character is another, and opens when it is whole', async () => {
      const cookie = cookieOf(chief)
      for (const part of cookie.split('.').keys())
        expect(await opens(flip(cookie, part)), `part ${part}`).to.equal(false)
      expect(await opens(`${cookie}.x`)).to.equal(false)
      expect(await opens('é'.repeat(40))).to.equal(false)
      expect(await opens(cookieOf(chief, FORM))).to.equal(false)
      expect(await opens(cookie)).to.equal(true)
    })

    it('opens nothing after eight hours, also in the hands of a thief', async () => {
      world.world.advance(8 * 3600 - 1)
      const before = await opens(cookieOf(chief))
      world.world.advance(2)

      expect([before, await opens(cookieOf(chief))]).to.deep.equal([true, false])
    })

    it('opens nothing after the sign-out, and another sign-in of the same token lives on', async () => {
      const [copy, other] = [cookieOf(chief), await world.admin('chief')]
      await chief.send('/admin/sign-out')

      expect([await opens(copy), await opens(cookieOf(other))]).to.deep.equal([false, true])
    })

    it('is one for all processes of the hub, and so is its end', async () => {
      const { keys, store } = world.world.hub
      const { known } = newToken('chief', 'read')
      const tokens = [{ ...known, sha256: cookieOf(chief).split('.')[2]! }]
      const other = await startWorld({ sites: [], hub: { keys, store, admin: { tokens } } })
      const there = async () => {
        const cookie = `${SIGN_IN}=${cookieOf(chief)}`
        return (await send(`${other.hub.origin}/admin`, { headers: { cookie } })).status
      }
      const copy = cookieOf(chief)
      const before = await there()
      await chief.send('/admin/sign-out')
      chief.cookies(hub).set(SIGN_IN, copy)
      const after = await there()
      await other.close()

      expect([before, after]).to.deep.equal([200, 303])
    })

    it('opens nothing once its token is out of the configuration, or at a hub with other keys', async () => {
      const store = memoryStore()
      const keys = generateHubKeys()
      const cookie = async (hubOptions: object) => {
        const one = await startAdminWorld({}, { hub: { store, keys, ...hubOptions } })
        const admin = await one.admin('chief')
        const known = {
          sha256: admin.cookies(one.world.hub.origin).get(SIGN_IN)!.split('.')[2]!,
          name: 'chief',
        }
        return { one, value: admin.cookies(one.world.hub.origin).get(SIGN_IN)!, known }
      }
      const { one, value, known } = await cookie({})
      const token = { ...known, permissions: ['read'] as const }
      const others = {
        same: { keys, admin: { tokens: [token] } },
        without: { keys, admin: { tokens: [{ ...token, sha256: 'A'.repeat(43) }] } },
        rekeyed: { keys: generateHubKeys(), admin: { tokens: [token] } },
      }
      const statuses: Record<string, number> = {}
      for (const [name, options] of Object.entries(others)) {
        const hubs = await startWorld({ sites: [], hub: { store: memoryStore(), ...options } })
        const reply = await send(`${hubs.hub.origin}/admin`, { headers: { cookie: `${SIGN_IN}=${value}` } })
        statuses[name] = reply.status
        await hubs.close()
      }
      await one.world.close()

      expect(statuses).to.deep.equal({ same: 200, without: 303, rekeyed: 303 })
    })

    it('counts for none where it is there twice', async () => {
      const cookie = `${SIGN_IN}=${cookieOf(chief)}`
      const reply = await send(`${hub}/admin`, { headers: { cookie: `${cookie}; ${cookie}` } })
      expect(reply.status).to.equal(303)
    })
  })
})
