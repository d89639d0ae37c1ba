/**
 * What counts as a visitor's own window: through a service worker, in a browser without Fetch Metadata, by a router, and by a browser that
 * looks ahead. Each way beside what a stranger can make of it (R10, R16, R18, R22).
 */
import { expect } from 'chai'

import { askFor, look } from '../support/hub-pages.js'
import { type Ask, binding, type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

type Headers = NonNullable<Ask['headers']>

const window: Headers = {
  accept: 'text/html,*/*',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'cross-site',
}
/** What `fetch(event.request)` of a service worker makes of a navigation. */
const throughWorker: Headers = { ...window, 'sec-fetch-dest': 'empty' }
/** The same in Firefox. */
const throughFirefoxWorker: Headers = {
  ...throughWorker,
  'sec-fetch-mode': 'same-origin',
  'sec-fetch-site': 'same-origin',
  'upgrade-insecure-requests': '1',
}
/** Safari before 16.4. */
const old: Headers = { accept: 'text/html,application/xhtml+xml' }

describe('a visitor’s own window', () => {
  let world: World
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'], sisters: true })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.redirect(shop)
  })
  afterEach(() => world.close())

  const redirect = () => `${travel}/session-hub/redirect?return=/whoami`
  const seenAtHub = () => world.hub.listener.seen.filter(({ url }) => url.startsWith('/redirect')).length

  /** @param atHub what the browser says there, where no worker of the site's is in the way */
  async function go(url: string, headers: Headers, atHub = headers, keeps = true): Promise<Reply[]> {
    const replies: Reply[] = []
    for (let next = url; replies.length < 10;) {
      const reply = await ada.ask(next, { headers: next.startsWith(world.hub.origin) ? atHub : headers })
      // A browser keeps `Lax` cookies from a stranger's frame, and does not take them there.
      if (!keeps) for (const origin of [travel, world.hub.origin]) ada.cookies(origin).clear()
      replies.push(reply)
      if (reply.headers.location === undefined) break
      next = new URL(reply.headers.location, next).href
    }
    return replies
  }

  const ways: Record<string, [Headers, Headers]> = {
    'as it is': [window, window],
    'through a service worker of the site': [throughWorker, window],
    'through one in Firefox': [throughFirefoxWorker, window],
    'through service workers of site and hub': [throughWorker, throughWorker],
    'of a browser without Fetch Metadata': [old, old],
  }
  for (const [name, [headers, atHub]] of Object.entries(ways)) {
    it(`${name}: brings the session by a redirect`, async () => {
      const replies = await go(redirect(), headers, atHub)
      expect(replies.at(-1)?.json).to.include({ subject: 'ada' })
      expect(ada.arrival(travel)).to.equal('redirect.replace.empty.1')
    })

    it(`${name}: brings the session by a link`, async () => {
      const ticket = String(await ada.linkTicket(shop, travel))
      const [posted] = await ada.submit(
        `${travel}/session-hub/enter`,
        { to: `${travel}/whoami`, ticket },
        {
          'sec-fetch-dest': undefined,
          'sec-fetch-mode': undefined,
          'sec-fetch-site': undefined,
          ...headers,
          origin: shop,
        },
      )
      const replies = await go(String(posted?.headers.location), headers)
      expect(replies.at(-1)?.json).to.include({ subject: 'ada' })
      expect(ada.arrival(travel)).to.equal('link.replace.empty.1')
    })

    if (headers !== window)
      it(`${name}: a stranger’s frame that looks like it gets nowhere, without the cookies of the step before`, async () => {
        const replies = await go(redirect(), headers, atHub, false)
        expect(replies.at(-1)?.json).to.include({ session: 'none' })
        expect(replies.flatMap((reply) => reply.headers['set-cookie'] ?? []).join()).to.not.include('arrival')
      })
  }

  it('of a browser without Fetch Metadata is told from an image, a script and a fetch by what it accepts', async () => {
    for (const accept of [undefined, '*/*', 'image/webp,image/*;q=0.8,*/*;q=0.5', 'application/json']) {
      const reply = await ada.ask(redirect(), { headers: { accept } })
      expect(reply.headers['set-cookie'], accept).to.equal(undefined)
    }
    expect((await ada.ask(redirect(), { headers: old })).headers['set-cookie'], 'the twin').to.have.length(1)
  })

  it('is not one of which the browser says only half', async () => {
    for (const half of [
      { ...old, 'sec-fetch-site': 'cross-site' },
      { ...old, 'sec-fetch-mode': 'navigate' },
      { ...old, 'sec-fetch-dest': 'document' },
      { ...throughWorker, 'sec-fetch-mode': 'cors' },
      { ...throughFirefoxWorker, 'sec-fetch-mode': 'cors' },
      { ...throughWorker, 'sec-fetch-dest': 'iframe' },
    ] as Headers[]) {
      const reply = await ada.ask(redirect(), { headers: half })
      expect(String(reply.headers['set-cookie']), JSON.stringify(half)).to.not.include('session-start')
    }
  })

  describe('to come', () => {
    const ahead: Record<string, string> = {
      'sec-purpose': 'prefetch',
      purpose: 'prefetch',
      'x-purpose': 'preview',
      'x-moz': 'prefetch',
      // Of pages' routers: Turbo, Next.js and htmx.
      'x-sec-purpose': 'prefetch',
      'next-router-prefetch': '1',
      'hx-preloaded': 'true',
    }
    for (const [name, value] of [...Object.entries(ahead), ['sec-purpose', 'prefetch;prerender'] as const])
      it(`is prepared by "${name}: ${value}": an error that nobody keeps, and the click is answered anew`, async () => {
        const nonce = binding().nonce
        const query = new URLSearchParams({ site: travel, nonce, return: '' })
        for (const address of [
          redirect(),
          `${travel}/session-hub/callback?outcome=none&return=/whoami`,
          `${travel}/session-hub/enter?to=/whoami`,
          `${world.hub.origin}/redirect?${query}`,
          `${world.hub.origin}/unlock?${query}`,
        ]) {
          const reply = await ada.ask(address, { headers: { ...window, [name]: value } })
          expect(reply.status, address).to.equal(400)
          expect(reply.headers['cache-control'], address).to.equal('no-store')
          expect(reply.headers['set-cookie'], address).to.equal(undefined)
          expect(reply.headers.location, address).to.equal(undefined)
        }
        const replies = await go(redirect(), window)
        expect(replies.at(-1)?.json, 'the twin').to.include({ subject: 'ada' })
      })
  })

  describe('in whose place script fetches the redirect', () => {
    const fetched: Headers = {
      'sec-fetch-dest': 'empty',
      'sec-fetch-mode': 'cors',
      'sec-fetch-site': 'same-origin',
    }

    it('is not led on by a 303: the window shows an answer that goes on to the page, which is told why', async () => {
      const before = seenAtHub()
      const reply = await ada.ask(redirect(), { headers: fetched })
      expect(reply.status).to.equal(400)
      expect(reply.json).to.include({ error: 'request_invalid' })
      expect(reply.headers.refresh).to.equal(`0;url=${travel}/whoami`)
      expect(reply.headers['cache-control']).to.equal('no-store')
      expect(ada.arrival(travel)).to.equal('redirect.failed.request_invalid.0')
      expect(seenAtHub()).to.equal(before)
    })

    it('R38: a stranger’s fetch, frame or image leaves no word for the page', async () => {
      for (const more of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
        { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' },
      ]) {
        const reply = await ada.ask(redirect(), { headers: { ...fetched, ...more } })
        expect(reply.headers['set-cookie'], JSON.stringify(more)).to.equal(undefined)
      }
    })
  })

  describe('in whose place a service worker fetches what a link leads through', () => {
    const fetched: Headers = {
      'sec-fetch-dest': 'empty',
      'sec-fetch-mode': 'cors',
      'sec-fetch-site': 'same-origin',
    }
    /** Both steps: what the page posts, with the ticket or without it, and what comes after that. */
    const post = async (headers: Headers) => {
      const ticket = String(await ada.linkTicket(shop, travel))
      return ada.ask(`${travel}/session-hub/enter`, {
        method: 'POST',
        body: new URLSearchParams({ to: `${travel}/whoami`, ticket }).toString(),
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      })
    }
    const steps: Record<string, (headers: Headers) => Promise<Reply>> = {
      'the form': (headers) => post({ ...headers, origin: travel }),
      'the form, in Firefox': ({ 'sec-fetch-site': from }) =>
        post({ ...throughFirefoxWorker, 'sec-fetch-site': from, origin: 'null' }),
      'the form, in Safari': ({ 'sec-fetch-site': from }) =>
        post({ ...throughWorker, 'sec-fetch-site': from, origin: travel }),
      'the address of the form': (headers) => {
        const to = encodeURIComponent(`${travel}/whoami`)
        return ada.ask(`${travel}/session-hub/enter?to=${to}`, { headers })
      },
      'the second step': async (headers) => {
        const posted = await post({ ...window, origin: shop })
        return ada.ask(String(posted.headers.location), { headers })
      },
    }
    for (const [name, step] of Object.entries(steps)) {
      it(`${name}: goes on to the page, which is told why; nobody is signed in`, async () => {
        ada.cookies(travel).clear()
        const reply = await step(fetched)
        expect(reply.status).to.equal(400)
        expect(reply.json).to.include({ error: 'request_invalid' })
        expect(reply.headers.refresh).to.equal(`0;url=${travel}/whoami`)
        expect(ada.arrival(travel)).to.equal('link.failed.request_invalid.0')
        expect(await ada.whoami(travel)).to.include({ session: 'none' })
      })

      it(`R38: ${name}: a stranger’s fetch leaves no word for the page`, async () => {
        const reply = await step({ ...fetched, 'sec-fetch-site': 'cross-site' })
        expect((reply.headers['set-cookie'] ?? []).join()).to.not.include('arrival')
        expect(reply.headers.refresh).to.equal(undefined)
      })
    }
  })

  describe('in whose place a service worker fetches the way back from the hub', () => {
    it('goes on to the page, which is told why', async () => {
      const callback = await ada.walk(redirect(), '/session-hub/callback')
      const reply = await ada.ask(callback, {
        headers: { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' },
      })
      expect(reply.status).to.equal(400)
      expect(reply.headers.refresh).to.equal(`0;url=${travel}/whoami`)
      expect(ada.arrival(travel)).to.equal('redirect.failed.request_invalid.0')
      expect((await go(callback, window)).at(-1)?.json, 'the twin').to.include({ subject: 'ada' })
    })
  })

  describe('of a browser without Fetch Metadata, at the hub’s frames', () => {
    const silent: Headers = {
      'sec-fetch-dest': undefined,
      'sec-fetch-site': undefined,
      'sec-fetch-storage-access': undefined,
    }

    for (const path of ['/frame', '/access'] as const)
      it(`${path} says that this is no way, and the same to everybody (R14)`, async () => {
        const { nonce } = binding()
        for (const who of [ada, new Visitor(world.hub.origin)]) {
          const reply = await askFor(who, path, { site: travel, nonce }, silent)
          expect(reply.status).to.equal(200)
          expect(reply.data.message).to.deep.equal({
            sessionHub: 1,
            nonce,
            outcome: 'blocked',
            reason: 'access_denied',
          })
          expect(reply.headers['set-cookie']).to.equal(undefined)
          expect(reply.headers['content-security-policy']).to.match(new RegExp(`frame-ancestors ${travel}$`))
          const asked = await look(who, reply.data, {}, { 'sec-fetch-site': undefined })
          expect(asked.status, 'R16').to.equal(403)
        }
        const said = { 'sec-fetch-storage-access': 'active' }
        const twin = await askFor(ada, path, { site: travel, nonce }, said)
        expect(twin.data.message.outcome, 'the twin').to.equal('replace')
      })
  })
})
