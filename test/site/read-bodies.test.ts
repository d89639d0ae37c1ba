/** What an application has in front of our router that looks at bodies first: our endpoints answer all the same, within the same bounds. */
import { expect } from 'chai'
import express, { type RequestHandler } from 'express'
import express4 from 'express4'
import { createSite, type Site } from 'session-hub/site'

import { listen, type Listener } from '../support/listener.js'
import { binding, type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

/** Each leaves our bodies in a way of its own: parsed, as text, as bytes, unread with something beside them, or paused. */
const readers: Record<string, readonly RequestHandler[]> = {
  'nothing at all': [],
  'json() of Express 4': [express4.json() as never],
  'urlencoded() of Express 4': [express4.urlencoded({ extended: true }) as never],
  'both of Express 4': [express4.json() as never, express4.urlencoded({ extended: true }) as never],
  'both of Express 5': [express.json(), express.urlencoded({ extended: true })],
  'a parser that keeps everything as text': [express.text({ type: '*/*' })],
  'a parser that keeps everything as bytes, for signatures of webhooks': [express.raw({ type: '*/*' })],
  'a default for bodies that are missing': [
    (req, _res, next) => {
      req.body = {}
      next()
    },
  ],
  'setEncoding()': [
    (req, _res, next) => {
      req.setEncoding('utf8')
      next()
    },
  ],
  'a counter that pauses the request': [
    (req, _res, next) => {
      req.on('data', () => undefined).pause()
      next()
    },
  ],
}

describe('an application that looks at bodies before our router does', () => {
  let world: World
  let listener: Listener
  let site: Site

  before(async () => {
    world = await startWorld({ sites: ['shop', 'travel'], sisters: true })
  })
  beforeEach(async () => {
    listener = await listen('own.localhost')
  })
  afterEach(async () => {
    site.close()
    await listener.close()
  })
  after(() => world.close())

  /** The site `travel` behind another server. */
  async function begin(handlers: readonly RequestHandler[]): Promise<void> {
    const { origin, keys } = world.siteOf('travel')
    const { host } = new URL(origin)
    site = await createSite({ origin, hub: world.hub.origin, keys, host })
    listener.use((req, _res, next) => {
      req.headers.host = host
      if (req.headers.origin === listener.origin) req.headers.origin = origin
      next()
    })
    for (const handler of handlers) listener.use(handler)
    listener.use(site.router)
  }
  const post = (body: string | object, headers = {}): Promise<Reply> =>
    new Visitor(world.hub.origin).post(listener.origin, '/session-hub/offer', body as object, headers)

  for (const [what, handlers] of Object.entries(readers)) {
    it(`with ${what}, has its offers and its links`, async () => {
      await begin(handlers)
      const { nonce } = binding()
      expect((await post({ nonce })).json).to.deep.equal({ offer: null })

      const ada = new Visitor(world.hub.origin)
      const shop = world.siteOf('shop').origin
      await ada.post(shop, '/cart', { item: 'boots' })
      const ticket = await ada.linkTicket(shop, world.siteOf('travel').origin)
      const form = { ticket: ticket!, to: `${world.siteOf('travel').origin}/whoami` }
      const [entered] = await ada.submit(`${listener.origin}/session-hub/enter`, form, { origin: shop })
      expect(entered?.status).to.equal(303)
      expect(entered?.headers['set-cookie']?.join()).to.include('__Host-session-enter=')
    })

    it(`R6, R31: with ${what}, is held to the same bounds`, async () => {
      await begin(handlers)
      const { nonce } = binding()
      const statuses = []
      for (const body of [
        `{"nonce":"${nonce}","x":1}`,
        `{"nonce":"${nonce}","__proto__":1}`,
        `["${nonce}"]`,
        '{}',
      ])
        statuses.push((await post(body)).status)
      expect(statuses).to.deep.equal([400, 400, 400, 400])
      expect((await post({ nonce: 'n'.repeat(9000) })).status).to.be.oneOf([400, 413])
    })
  }

  it('R6, R31: as text, is held to what only the text shows', async () => {
    await begin(readers['a parser that keeps everything as bytes, for signatures of webhooks']!)
    const { nonce } = binding()
    const twice = await post(`{"nonce":"${nonce}","nonce":"${nonce}"}`)
    expect([twice.status, twice.json.error]).to.deep.equal([400, 'request_invalid'])
    const long = await post(`{"nonce":"${nonce}"${' '.repeat(8200)}}`)
    expect([long.status, long.json.error]).to.deep.equal([413, 'body_too_large'])
  })

  it('and keeps nothing of them, hears so at once', async () => {
    await begin([(req, _res, next) => void req.resume().on('end', next)])
    const { status, json } = await post({ nonce: binding().nonce })
    expect([status, json.error]).to.deep.equal([400, 'request_invalid'])
    expect(json.error_description).to.include('has read the body before us')
  }).timeout(5000)
})
