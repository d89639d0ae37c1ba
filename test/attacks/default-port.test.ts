/** R18: a Host with the default port of the site's own scheme written out names the same origin (URL standard); with any other port it names another. */
import { expect } from 'chai'
import { generateApp, generateSite, type LogEntry } from 'session-hub/hub'
import { type AppSite, createSite, type Site } from 'session-hub/site'

import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { binding, type Reply, send } from '../support/visitor.js'

const hub = 'https://hub.example'
const [shop, dev, own] = ['https://shop.example', 'http://dev.localhost', 'https://own.example:8443'] as const

/** Which origin's page asks, with which Host, and whether that is this origin. */
const hosts: readonly (readonly [origin: string, host: string, isItsOwn: boolean])[] = [
  [shop, 'shop.example', true],
  [shop, 'shop.example:443', true],
  [shop, 'shop.example:80', false],
  [shop, 'shop.example:0443', false],
  [shop, 'shop.example:4430', false],
  [shop, 'shop.example:443:443', false],
  [shop, 'shop.example.:443', false],
  [shop, 'evil.example:443', false],
  [shop, 'shop.example@evil.example:443', false],
  [dev, 'dev.localhost', true],
  [dev, 'dev.localhost:80', true],
  [dev, 'dev.localhost:443', false],
  [own, 'own.example:8443', true],
  [own, 'own.example', false],
  [own, 'own.example:443', false],
  [own, 'own.example:8443:443', false],
]

describe('R18: a Host that names a port', () => {
  let opened: (() => unknown)[]
  let listener: Listener
  let log: LogEntry[]

  beforeEach(() => {
    opened = []
    log = []
  })
  afterEach(() => Promise.all(opened.map((close) => close())))

  const write = (entry: LogEntry) => void log.push(entry)

  async function serve(site: Site | AppSite): Promise<void> {
    const own = (listener = await listen('app.localhost'))
    opened.push(() => {
      site.close()
      return own.close()
    })
    listener.use(siteApp('shop', site))
    listener.use((_req, res) => void res.json({ elsewhere: true }))
  }

  const ask = (origin: string, host: string): Promise<Reply> =>
    send(`${listener.origin}/session-hub/offer`, {
      method: 'POST',
      headers: { host, origin, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: { nonce: binding().nonce },
    })

  for (const way of ['in a list', 'looked up'] as const) {
    it(`is one of the application’s domains (${way}) with the default port of its scheme, and nobody’s with another`, async () => {
      const origins = [shop, dev, own]
      const { keys } = await generateApp('shop', origins)
      const asked: string[] = []
      const findOrigin = (host: string) => (
        asked.push(host),
        origins.find((origin) => new URL(origin).host === host)
      )
      await serve(
        await createSite({
          ...(way === 'in a list' ? { origins } : { findOrigin }),
          hub,
          keys,
          log: write,
        }),
      )
      for (const [origin, host, isItsOwn] of hosts) {
        const { status, json } = await ask(origin, host)
        // Some servers refuse what is no host before anybody sees it.
        if (status !== 400) expect(json, host).to.deep.equal(isItsOwn ? { offer: null } : { elsewhere: true })
      }
      expect(log, 'a stranger writes nothing into the log').to.deep.equal([])
      for (const host of asked)
        expect(host, 'which port it is, is no concern of the look-up').to.not.match(/:(443|80)$/)
    })
  }

  it('makes no site anew: who asks for another port takes nothing from the domain', async () => {
    const keysFor: string[] = []
    const { keys } = await generateApp('shop', [shop])
    await serve(
      await createSite({
        findOrigin: (host: string) => (host === 'shop.example' ? shop : undefined),
        originCacheSeconds: 0,
        hub,
        keys: (origin: string) => (keysFor.push(origin), keys),
        log: write,
      }),
    )
    for (const host of ['shop.example', 'shop.example:80', 'shop.example:443', 'shop.example'])
      await ask(shop, host)
    expect(keysFor).to.deep.equal([shop])
  })

  it('is the one site’s with the default port of its scheme, and refused with another', async () => {
    for (const one of [shop, dev, own]) {
      const { keys } = await generateSite(one)
      await serve(await createSite({ origin: one, hub, keys, log: write }))
      for (const [origin, host, isItsOwn] of hosts) {
        if (origin !== one) continue
        const { status, json } = await ask(origin, host)
        if (status !== 400)
          expect({ status, error: json.error }, host).to.deep.equal(
            isItsOwn ? { status: 200, error: undefined } : { status: 403, error: 'host_denied' },
          )
      }
    }
  })

  it('is compared as it is where a proxy has put another in place of the site’s own', async () => {
    const { keys } = await generateSite(shop)
    await serve(await createSite({ origin: shop, host: 'app.internal', hub, keys, log: write }))
    for (const host of ['app.internal:443', 'app.internal:80', 'shop.example:443'])
      expect((await ask(shop, host)).json.error, host).to.equal('host_denied')
    expect((await ask(shop, 'app.internal')).status, 'the twin').to.equal(200)
  })
})
