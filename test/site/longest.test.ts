/** Whatever a site writes into a cookie, the site reads again, and browsers keep: with every kind of key, and with the longest content. */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'
import type { SiteOptions } from 'session-hub/site'

import { keyPair } from '../support/key-pairs.js'
import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

/** Name and value together: what browsers have to keep at least (RFC 6265, section 6.1), and some keep no more. */
const COOKIE_BYTES = 4096

/** With `http://`, `.localhost` and a port of five digits, an origin of 128 characters. */
const longName = (letter: string) => `${letter.repeat(52)}.${letter.repeat(52)}`
const KID = 'k'.repeat(64)
const secret = { kty: 'oct', kid: KID, k: randomBytes(32).toString('base64url') }

const keys: Record<string, () => object> = {
  HS256: () => secret,
  ES256: () => keyPair('ES256', KID).jwk,
  EdDSA: () => keyPair('EdDSA', KID).jwk,
  'RS256 of 2048 bits': () => keyPair('RS256', KID, 2048).jwk,
  'RS256 of 4096 bits': () => keyPair('RS256', KID, 4096).jwk,
}

/** Eight fields, which are 737 bytes with their names. */
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
/** 255 bytes, and 1 KiB as JSON. */
const subject = 'é'.repeat(127) + 'e'
const claims = withRest(1024, Object.fromEntries(names.map((name) => [name, 'v'.repeat(86)])))
const contentOf = (bytes: number) => withRest(bytes, {})

function withRest(bytes: number, object: object): Record<string, string> {
  return { ...object, rest: 'r'.repeat(bytes - JSON.stringify({ ...object, rest: '' }).length) }
}

describe('what a site writes, with the longest content', () => {
  let world: World
  let shop: string
  let travel: string
  let ada: Visitor

  async function begin(key: object, site: Partial<SiteOptions>): Promise<void> {
    world = await startWorld({
      hubName: longName('h'),
      sites: ['s', 't'].map(longName),
      sisters: true,
      sessionKey: () => key,
      site: { sessionField: 'f'.repeat(32), cookieName: `__Host-${'c'.repeat(57)}`, ...site },
    })
    ;[shop, travel] = [world.siteOf(longName('s')).origin, world.siteOf(longName('t')).origin]
    expect(shop).to.have.length(128)
    ada = new Visitor(world.hub.origin)
  }
  afterEach(() => world.close())

  const signIn = () => ada.post(shop, '/sign-in', { name: subject, claims })
  const isHere = { session: 'signed-in', subject }
  function expectKept(replies: readonly Reply[]): void {
    const written = replies.flatMap(({ headers }) => headers['set-cookie'] ?? [])
    expect(written).to.not.be.empty
    for (const cookie of written) expect(cookie.split(';')[0]!.length, cookie).to.be.at.most(COOKIE_BYTES)
  }

  const contents: Record<string, Partial<SiteOptions>> = {
    fields: { fields: names },
    tokenClaims: { tokenClaims: () => contentOf(600) },
  }
  for (const [kind, make] of Object.entries(keys))
    for (const [by, site] of Object.entries(contents))
      describe(`by ${by}, and a key for ${kind}`, () => {
        beforeEach(() => begin(make(), site))

        it('is a session read again?', async () => {
          expectKept([await signIn()])
          expect((await ada.ask(`${shop}/who`)).json).to.deep.include(isHere)
        })

        it('is a sign-in read again that the hub does not know of yet?', async () => {
          await ada.post(shop, '/cart', { item: 'boots' })
          await world.hub.listener.close()
          expectKept([await signIn()])
          expect((await ada.ask(`${shop}/who`)).json).to.deep.include(isHere)
        })

        it('does a sign-in wait that another site’s page has posted?', async () => {
          const headers = {
            origin: 'https://bank.example',
            'sec-fetch-site': 'cross-site',
            'sec-fetch-mode': 'navigate',
          }
          expectKept([await ada.post(shop, '/sign-in', { name: subject, claims }, headers)])
          expect(ada.cookies(shop).has('__Host-session-posted')).to.equal(true)
          expect((await ada.ask(`${shop}/who`)).json).to.deep.include(isHere)
        })

        it('does a link bring the session along?', async () => {
          await signIn()
          const ticket = (await ada.linkTicket(shop, travel)) ?? ''
          const form = { ticket, to: `${travel}/who` }
          const replies = await ada.submit(`${travel}/session-hub/enter`, form, { origin: shop })
          expectKept(replies)
          expect(replies.at(-1)?.json).to.deep.include(isHere)
        })

        it('does a redirect bring the session along?', async () => {
          await signIn()
          await ada.sync(shop)
          const { replies } = await ada.redirect(travel, `/who?${'q'.repeat(1990 - travel.length)}`)
          expectKept(replies)
          expect(replies.at(-1)?.json).to.deep.include(isHere)
        })
      })

  it('is what tokenClaims gives beyond the cookie refused in words, and all of it taken where there is room?', async () => {
    const key = keyPair('RS256', KID, 4096).jwk
    await begin(key, { tokenClaims: () => contentOf(768) })
    expect((await signIn()).status).to.equal(503)
    const [failed] = world.log.filter(({ event }) => event === 'hook_failed')
    expect(failed?.description).to.match(/^tokenClaims: .* more than 6\d\d bytes as JSON$/)
    expect((await ada.post(shop, '/sign-in', { name: 'ada' })).status).to.equal(200)
  })

  it('is a field left out that the cookie has no room for, and said once?', async () => {
    const key = keyPair('RS256', KID, 4096).jwk
    await begin(key, { fields: names })
    await world.hub.listener.close()
    await signIn()
    expect((await ada.ask(`${shop}/who`)).json).to.deep.include(isHere)
    const left = world.log.filter(({ event }) => event === 'token_field_left_out')
    expect(left.map(({ path, reason }) => [path, reason])).to.deep.equal([['h', 'too-large']])
  })
})
