/** A site with a service worker of its own, in real browsers: what becomes of a redirect that it answers. */
import { expect } from 'chai'

import { inBrowser } from '../support/stage.js'

/** What it does with each request of its site. */
const WORKERS = {
  'that is not there': '',
  'that passes requests on': 'event.respondWith(fetch(event.request))',
  'that makes requests of its own': 'event.respondWith(fetch(event.request.url))',
  'that leaves the endpoints alone':
    "if (!new URL(event.request.url).pathname.startsWith('/session-hub/')) event.respondWith(fetch(event.request.url))",
}

for (const kind of ['blocked', 'firefox'] as const)
  describe(`a redirect and a service worker, in ${kind === 'firefox' ? 'Firefox' : 'Chromium'}`, () => {
    inBrowser(
      kind,
      (stage) => {
        for (const [name, act] of Object.entries(WORKERS))
          it(name, async () => {
            const { tab, shop, travel, world } = stage
            world.siteOf('travel').listener.use((req, res, next) => {
              if (req.path === '/worker.js')
                res
                  .type('js')
                  .send(
                    `addEventListener('install', () => skipWaiting()); addEventListener('activate', (event) => event.waitUntil(clients.claim())); addEventListener('fetch', (event) => { ${act} })`,
                  )
              else next()
            })
            await tab.open(`${shop}/plain`)
            await tab.fetch('/cart', { item: 'boots' })
            await tab.open(`${shop}/session-hub/redirect?return=/plain`)
            await tab.open(`${travel}/plain`)
            if (act) {
              await tab.run(() => navigator.serviceWorker.register('/worker.js').then(() => undefined))
              await tab.until(() => navigator.serviceWorker.controller !== null)
            }
            await tab.run(() => {
              location.href = '/session-hub/redirect?return=/'
            })
            await tab.until(() => location.pathname === '/' && SessionHub.status.atMs > 0)
            const status = await tab.run(() => ({ ...SessionHub.status }))
            const words = await tab.run(() => SessionHub.explain())
            if (name === 'that makes requests of its own') {
              expect(status).to.include({ outcome: 'failed', reason: 'request_invalid', rung: 'redirect' })
              expect(words).to.include(
                `The service worker ${travel}/worker.js must leave /session-hub/ alone`,
              )
            } else {
              expect(status).to.include({ outcome: 'replace', rung: 'redirect' })
              expect(await tab.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
            }
            expect(words.includes('service worker')).to.equal(act !== '')
          })
      },
      { sites: ['shop', 'travel'] },
    )
  })
