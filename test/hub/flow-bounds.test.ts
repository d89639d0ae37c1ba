/** The hub's flows at their bounds: the very moment at which something ends, and the one kind of input that a guard is for. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { expect } from 'chai'

import { behindActing, liveActing } from '../../hub/flows/acting.js'
import { acceptKeys } from '../../hub/flows/keys.js'
import { ended, sideOf } from '../../hub/flows/sessions.js'
import { divided } from '../../hub/flows/share.js'
import { readRedirectSeal, redirectSeal } from '../../hub/flows/tags.js'
import type { Site } from '../../hub/sites/site.js'
import type { Handle, Session } from '../../hub/stores/store.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { newHandle, newSession, NOW_MS } from '../support/records.js'

const origin = 'https://shop.example'
const site = { origin, mayImpersonate: true } as Site

describe('the hub’s flows at their bounds', () => {
  describe('somebody who acts as a user', () => {
    const acting = { subject: 'bob', claims: {}, untilMs: NOW_MS }
    const held = (session: Partial<Session> = {}, handle: Partial<Handle> = {}) => {
      const own = newSession({ subject: 'root', ...session })
      return { session: own, handle: newHandle(own, { site: `${origin} acting`, acting, ...handle }) }
    }

    it('R43: does so until the time is over, and not in that moment', () => {
      expect(liveActing(held(), site, NOW_MS - 1)?.acting).to.equal(acting)
      expect(liveActing(held(), site, NOW_MS)).to.equal(undefined)
    })

    it('R43: does so by no handle without a user, and over no session that is nobody’s or has ended', () => {
      const over = { endedAtMs: NOW_MS - 2, endReason: 'revoked' } as const
      const { acting: _, ...bare } = held().handle
      expect(liveActing({ ...held(), handle: bare }, site, NOW_MS - 1)).to.equal(undefined)
      expect(liveActing(held({ subject: null }), site, NOW_MS - 1)).to.equal(undefined)
      expect(liveActing(held(over), site, NOW_MS - 1)).to.equal(undefined)
      expect(behindActing(held(over), site, NOW_MS)).to.equal(undefined)
      expect(behindActing(held(), site, NOW_MS)).to.include({ subject: 'root' })
    })
  })

  describe('the seal of a redirect', () => {
    const secret = createSecretKey(randomBytes(32))
    const facts = { site: origin, nonce: 'n'.repeat(43), hubNonce: 'h'.repeat(43) }
    const seal = redirectSeal(secret, facts, NOW_MS)
    const read = (text: string, nowMs: number) =>
      readRedirectSeal(secret, text, facts.site, facts.nonce, nowMs)

    it('R13: is good until its end, and not in that moment', () => {
      expect(read(seal, NOW_MS - 1)).to.equal(facts.hubNonce)
      expect(read(seal, NOW_MS)).to.equal(undefined)
    })

    it('R13: is none with something behind it', () => {
      expect(read(`${seal}.`, NOW_MS - 1)).to.equal(undefined)
    })
  })

  it('a site’s keys are accepted where they hold the one that its tickets are sealed with, and in no other case', async () => {
    const sealed = { ...site, ticketKey: async () => ({ tag: 'own', kid: 'k1' }) } as unknown as Site
    const answer = (...tags: string[]) =>
      acceptKeys(sealed, { ticket_keys: tags }).then(
        () => 'accepted',
        (error: unknown) => (error as SessionHubError).code,
      )
    expect(await answer('other', 'own')).to.equal('accepted')
    expect(await answer('other')).to.equal('ticket_key_unknown')
    expect(await answer()).to.equal('ticket_key_unknown')
  })

  it('a session that has ended keeps the end that came first', () => {
    const over = ended(newSession(), 'signed-out', NOW_MS)
    expect(over).to.include({ endedAtMs: NOW_MS, endReason: 'signed-out' })
    expect(ended(over, 'revoked', NOW_MS + 1)).to.equal(over)
  })

  it('an anonymous session is empty where nothing is stored in it', () => {
    expect(sideOf(newSession({ data: {} }))).to.include({ kind: 'anonymous', isEmpty: true })
    expect(sideOf(newSession({ data: { cart: [] } }))).to.include({ kind: 'anonymous', isEmpty: false })
  })

  it('R37: what a site may carry is divided from the rest', () => {
    const data = { cart: [1], points: 2 }
    expect(divided(data, new Set(['cart']))).to.deep.equal({ ours: { cart: [1] }, rest: { points: 2 } })
    expect(divided(data, new Set())).to.deep.equal({ ours: {}, rest: data })
    expect(divided(data, undefined)).to.deep.equal({ ours: data, rest: {} })
  })
})
