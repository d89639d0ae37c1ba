/** Subjects that a store or an encoder would change on the way, so that one user became another: refused (R5, R20). */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { sqliteStore } from 'session-hub/hub'

import { siteToken } from '../support/forge.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const changed: readonly (readonly [name: string, subject: string])[] = [
  ['a NUL, where a store would cut it', 'ada\u0000evil'],
  ['nothing but a NUL', '\u0000'],
  ['a line feed', 'ada\n'],
  ['the last of the control characters', 'ada\u001f'],
  ['DEL', 'ada\u007f'],
  ['the first half of a character', 'ada\ud800'],
  ['the second half of a character', '\udc00ada'],
  ['the halves of a character in the wrong order', '\udc00\ud800'],
]

const kept: readonly (readonly [name: string, subject: string])[] = [
  ['plain letters', 'ada'],
  ['letters of another script', '日本'],
  ['an emoji, which is two halves in the right order', '\u{1f9a6}'],
  ['a space and marks', 'Ada "the" O\'Neill <ada@example.com>'],
]

describe('R5: a sign-in whose subject holds', () => {
  let world: World
  let folder: string
  let visitor: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'session-hub-subjects-'))
    world = await startWorld({
      sites: ['shop', 'travel'],
      hub: { store: sqliteStore(join(folder, 'hub.sqlite')) },
    })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    visitor = new Visitor(world.hub.origin)
  })
  afterEach(async () => {
    await world.close()
    await rm(folder, { recursive: true })
  })

  const signInAtHub = (subject: string) =>
    send(`${world.hub.origin}/backchannel/sign-in`, {
      method: 'POST',
      body: { handle: null, subject, claims: {} },
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf('shop'))}`,
      },
    })

  for (const [name, subject] of changed) {
    it(`${name}, is refused and signs in nobody`, async () => {
      const reply = await visitor.post(shop, '/sign-in', { name: subject })
      expect({ status: reply.status, ...reply.json }).to.deep.equal({ status: 400, error: 'request_invalid' })
      expect(reply.headers['set-cookie']).to.equal(undefined)
      expect(await visitor.whoami(shop)).to.include({ session: 'none', subject: null })
      expect((await visitor.sync(shop)).outcome).to.equal('none')
    })

    it(`${name}, is refused by the hub itself, whatever the site lets pass`, async () => {
      expectRefusalWithoutCookies(await signInAtHub(subject), 400, 'request_invalid')
    })
  }

  for (const [name, subject] of kept) {
    it(`${name}, works and arrives on the other site to the letter`, async () => {
      expect((await visitor.post(shop, '/sign-in', { name: subject })).status).to.equal(200)
      expect((await signInAtHub(subject)).json).to.include({ subject })
      await visitor.sync(shop)
      expect((await visitor.sync(travel)).redeemed?.json).to.include({ subject })
      world.advance(301)
      for (const site of [shop, travel]) {
        expect(await visitor.whoami(site)).to.include({ session: 'signed-in', subject })
      }
    })
  }
})
