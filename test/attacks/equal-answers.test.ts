/** R39: whatever a stranger makes a browser ask of the hub, the answer shows nothing of who is behind it: not by its length either. */
import http from 'node:http'
import { expect } from 'chai'
import express from 'express'

import { listen, type Listener } from '../support/listener.js'
import { type Ask, binding, type Reply, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'
import { needs } from '../support/adapters/abilities.js'

const EVIL = 'https://evil.example'

describe('R39: answers that a stranger can cause', () => {
  let store: ReturnType<typeof watchedStore>
  let world: World
  let shop: string
  let visitors: Record<'signed in' | 'anonymous' | 'nobody', Visitor>

  before(async () => {
    store = watchedStore()
    world = await startWorld({
      sites: ['shop'],
      hub: { store, limits: { perAddress: 1e6, perSession: 1e6 } },
      site: { perAddress: 1e6, live: true },
    })
    shop = world.siteOf('shop').origin
    visitors = {
      'signed in': new Visitor(world.hub.origin),
      anonymous: new Visitor(world.hub.origin),
      nobody: new Visitor(world.hub.origin),
    }
    await visitors['signed in'].post(shop, '/sign-in', { name: 'ada' })
    await visitors.anonymous.post(shop, '/cart', { item: 'boots' })
    for (const name of ['signed in', 'anonymous'] as const)
      expect((await visitors[name].sync(shop)).outcome).to.equal('adopt')
  })
  after(() => world.close())

  const { nonce } = binding()
  const fetched = {
    referer: `${EVIL}/`,
    origin: EVIL,
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'no-cors',
  }
  const script: Ask = { headers: { ...fetched, origin: undefined, 'sec-fetch-dest': 'script' } }
  const post: Ask = {
    method: 'POST',
    body: 'x=1',
    headers: { ...fetched, 'content-type': 'text/plain', 'sec-fetch-dest': 'empty' },
  }
  const frame: Ask = {
    headers: {
      referer: `${EVIL}/`,
      'sec-fetch-site': 'cross-site',
      'sec-fetch-dest': 'iframe',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-storage-access': 'active',
    },
  }
  const window: Ask = {
    headers: {
      referer: `${EVIL}/`,
      accept: 'text/html,*/*',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
    },
  }

  /** Path, with a query to lengthen, and how it is asked for. */
  const asked = (): Record<string, [path: string, how: Ask]> => {
    const site = encodeURIComponent(shop)
    return {
      'a frame': [`/frame?site=${site}&nonce=${nonce}`, frame],
      'the visible frame': [`/access?site=${site}&nonce=${nonce}`, frame],
      'a frame of no site': [`/frame?site=${encodeURIComponent(EVIL)}&nonce=${nonce}`, frame],
      'a frame as a script': [`/frame?site=${site}&nonce=${nonce}`, script],
      'the page of the popup': [`/unlock?site=${site}`, window],
      'the visitor’s own page': ['/you?x=', window],
      'the visitor’s own page as a script': ['/you?x=', script],
      'a redirect as an image': [`/redirect?site=${site}&nonce=${nonce}`, script],
      'a redirect for no site': [`/redirect?site=${encodeURIComponent(EVIL)}&nonce=${nonce}`, window],
      ...Object.fromEntries(
        ['/sdk.js', '/ladder.js', '/live.js', '/.well-known/session-hub', '/healthz', '/readyz'].map(
          (path) => [path, [`${path}?x=`, script] as [string, Ask]],
        ),
      ),
      ...Object.fromEntries(
        ['exchange', 'look', 'forget', 'unlock', 'backchannel/read', 'backchannel/x', 'sdk.js'].map(
          (path) => [`POST /${path}`, [`/${path}?x=`, post] as [string, Ask]],
        ),
      ),
    }
  }

  /** Short, at our own bound, between the bounds, and in small steps around Node's. */
  const lengths = [0, 1000, 4096, 5300, 5376, 5377, 8000, 12_000]
  for (let length = 15_600; length <= 16_600; length += 100) lengths.push(length)

  const seenOf = ({ status, headers, text }: Reply) => {
    const { date: _date, ...others } = headers
    // A frame's proof and nonces are fresh each time, and always as long.
    return { status, headers: others, bytes: text.length }
  }

  it('are equal for a user, an anonymous visitor and nobody: status, headers, size, and what the store was asked', async () => {
    for (const [what, [path, how]] of Object.entries(asked())) {
      for (const length of lengths) {
        const url = `${world.hub.origin}${path}${path.includes('=') && !path.endsWith('=') ? '&x=' : ''}`
        const long = url + 'A'.repeat(Math.max(0, length - url.slice(world.hub.origin.length).length))
        const seen = []
        for (const visitor of Object.values(visitors)) {
          const before = store.asked()
          const cookie = [...visitor.cookies(world.hub.origin)].map((pair) => pair.join('=')).join('; ')
          const reply = await send(long, { ...how, headers: { ...how.headers, ...(cookie && { cookie }) } })
          seen.push({ ...seenOf(reply), asked: store.asked() - before })
        }
        expect(seen[0], `${what}, ${length} bytes`).to.deep.equal(seen[2])
        expect(seen[1], `${what}, ${length} bytes`).to.deep.equal(seen[2])
        if (long.length - world.hub.origin.length > 5376) expect(seen[0]!.status, what).to.equal(431)
      }
    }
  }).timeout(60_000)

  it('are refused for their length to the letter as Node does it, at the hub and at a site', async function () {
    needs(this, 'a reason phrase')
    const raw = (origin: string, path: string, more = {}): Promise<string> =>
      new Promise((resolve, reject) => {
        const { host, port } = new URL(origin)
        const req = http.request({ host: '127.0.0.1', port, path, headers: { host, ...more } })
        req.on('response', (res) => {
          res.resume().on('end', () => {
            resolve(`${res.httpVersion} ${res.statusCode} ${res.statusMessage} ${res.rawHeaders.join(' ')}`)
          })
        })
        req.on('error', reject)
        req.end()
      })
    for (const [origin, path] of [
      [world.hub.origin, '/sdk.js?'],
      [world.hub.origin, '/frame?'],
      [shop, '/session-hub/sdk.js?'],
      [shop, '/session-hub/redirect?'],
    ] as const) {
      const nodes = await raw(origin, path + 'A'.repeat(17_000))
      expect(await raw(origin, path + 'A'.repeat(6000))).to.equal(nodes)
      expect(await raw(origin, path + 'A'.repeat(6000), { cookie: 'x'.repeat(6000) })).to.equal(nodes)
      expect(nodes).to.include(' 431 ')
      expect(await raw(origin, path + 'A'.repeat(5000))).to.not.equal(nodes)
    }
  })

  describe('to the longest address, beside all that a stranger can lengthen', () => {
    /** The longest `Referer` that browsers send (Fetch), and headers of a browser's own that are longer than those of any. */
    const long = {
      referer: `${EVIL}/`.padEnd(4096, 'r'),
      'user-agent': 'u'.repeat(1000),
      'accept-language': 'l'.repeat(400),
    }
    const longest = (origin: string, path: string, length: number) =>
      (origin + path).padEnd(origin.length + length, 'A')

    it('is Node’s limit of headers reached by nobody at the hub, with the cookies of sixteen groups or with none', async () => {
      const groups = Array.from({ length: 16 }, (_, index) => `g${index}`.padEnd(32, 'g'))
      const own = visitors['signed in'].cookies(world.hub.origin)
      const all = [
        ...[...own].map((pair) => pair.join('=')),
        ...groups.map((group) => `__Host-session-hub.${group}=${'h'.repeat(43)}`),
        ...groups.map((group) => `__Host-session-hub-turn.${group}=${'t'.repeat(22)}`),
        '__Host-session-hub-seen=1',
        `__Host-session-hub-start=${'9'.repeat(13)}.${'n'.repeat(43)}.${'m'.repeat(22)}`,
        `__Host-session-hub-off=${Array.from({ length: 32 }, (_, index) => `0o${index}`.padEnd(33, 'o')).join('.')}`,
      ].join('; ')
      expect(all.length).to.be.above(4000)
      for (const [what, [path, how]] of Object.entries(asked())) {
        const more = path.endsWith('=') ? '' : '&x='
        for (const [length, isRefused] of [
          [5376, false],
          [5377, true],
        ] as const) {
          const url = longest(world.hub.origin, path + more, length)
          const [signedIn, nobody] = await Promise.all(
            [all, undefined].map((cookie) =>
              send(url, { ...how, headers: { ...how.headers, ...long, cookie } }),
            ),
          )
          expect(seenOf(signedIn!), `${what}, ${length} bytes`).to.deep.equal(seenOf(nobody!))
          expect(signedIn!.status === 431, `${what}, ${length} bytes`).to.equal(isRefused)
        }
      }
    }).timeout(20_000)

    it('is it reached by nobody at a site, with its longest cookies or with none', async () => {
      const all = [
        `__Host-session=${'s'.repeat(4096 - '__Host-session='.length)}`,
        `__Host-session-state=${'s'.repeat(22)}`,
        `__Host-session-start=${'s'.repeat(735)}`,
        `__Host-session-arrival=redirect.conflict.session_ambiguous.0`,
        '__Host-session-once=1',
        '__Host-session-off=1',
      ].join('; ')
      for (const path of ['redirect', 'callback', 'enter', 'sdk.js', 'jwks.json', 'live', 'sisters'])
        for (const [length, isRefused] of [
          [5376, false],
          [5377, true],
        ] as const)
          for (const cookie of [all, undefined]) {
            const url = longest(shop, `/session-hub/${path}?x=`, length)
            const { status } = await send(url, { headers: { ...window.headers, ...long, cookie } })
            expect(status === 431, `${path}, ${length} bytes`).to.equal(isRefused)
          }
    })
  })

  describe('over a redirect', () => {
    /** What reaches a page: where a window ends, and how long each address on the way is. */
    async function end(visitor: Visitor, given: string): Promise<{ statuses: number[]; longest: number }> {
      const query = new URLSearchParams({ site: shop, nonce, return: given })
      let url = `${world.hub.origin}/redirect?${query}`
      const statuses = []
      let longest = 0
      for (let step = 0; step < 6; step += 1) {
        const [reply] = await visitor.copy().navigateOnce(url)
        statuses.push(reply.status)
        if (reply.headers.location === undefined) break
        url = new URL(reply.headers.location, url).href
        longest = Math.max(longest, url.length)
      }
      return { statuses, longest }
    }

    for (const [letters, letter] of Object.entries({
      'of one byte': 'a',
      'that are encoded': '/',
      'of three bytes': '\u4e00',
      'of four': '\u{1f511}',
    })) {
      it(`a "return" of letters ${letters} ends everybody at the same place, at any length`, async () => {
        for (const length of [0, 1, 320, 330, 900, 1000, 1650, 2900, 2945, 3000, 4096, 5200]) {
          const ends = []
          for (const visitor of Object.values(visitors)) ends.push(await end(visitor, letter.repeat(length)))
          for (const { statuses, longest } of ends) {
            expect(statuses, `${length} letters`).to.deep.equal(ends[2]!.statuses)
            expect(longest, `${length} letters`).to.be.at.most(5376)
          }
        }
      })
    }

    it('the longest target of a user with the longest name comes back whole', async () => {
      const long = new Visitor(world.hub.origin)
      await long.post(shop, '/sign-in', { name: 'n'.repeat(253) })
      await long.sync(shop)
      for (const name of ['__Host-session', '__Host-session-state']) long.cookies(shop).delete(name)
      const target = `/${'t'.repeat(1999 - shop.length)}`
      const { replies } = await long.redirect(shop, target)
      expect(replies.map(({ status }) => status)).to.deep.equal([303, 303, 303, 404])
      expect(replies[2]!.headers.location).to.equal(shop + target)
    })
  })
})

describe('R39: an address of an application beside the hub', () => {
  let listener: Listener
  afterEach(() => listener.close())

  it('may be as long as the application likes', async () => {
    const world = await startWorld({ sites: ['shop'] })
    listener = await listen('other.localhost')
    listener.use(express.Router().use(world.hub.hub.router))
    listener.use((_req, res) => {
      res.send('own')
    })
    expect((await send(`${listener.origin}/search?${'A'.repeat(9000)}`)).text).to.equal('own')
    expect((await send(`${listener.origin}/sdk.js?${'A'.repeat(9000)}`)).status).to.equal(431)
    await world.close()
  })
})
