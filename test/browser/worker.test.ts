/** A site with a service worker of its own, in real browsers: what becomes of a link and of a redirect that it answers. */
import { expect } from 'chai'

import { byLink } from '../support/rungs.js'
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
  describe(`a link, a redirect and a service worker, in ${kind === 'firefox' ? 'Firefox @all' : 'Chromium'}`, () => {
    inBrowser(
      kind,
      (stage) => {
        /** A page of this site, in the hands of its worker. */
        const openWith = async (site: string, act: string) => {
          const { tab } = stage
          await tab.open(`${site}/plain`)
          if (!act) return
          await tab.run(() => navigator.serviceWorker.register('/worker.js').then(() => undefined))
          await tab.until(() => navigator.serviceWorker.controller !== null)
        }

        for (const [name, act] of Object.entries(WORKERS))
          it(name, async () => {
            const { tab, hub, shop, travel, world } = stage
            const magazine = world.siteOf('magazine').origin
            for (const site of ['travel', 'magazine'])
              world.siteOf(site).listener.use((req, res, next) => {
                if (req.path === '/worker.js')
                  res
                    .type('js')
                    .send(
                      `addEventListener('install', () => skipWaiting()); addEventListener('activate', (event) => event.waitUntil(clients.claim())); addEventListener('fetch', (event) => { ${act} })`,
                    )
                else next()
              })
            const expectEnd = async (site: string, rung: 'link' | 'redirect') => {
              const status = await tab.run(() => ({ ...SessionHub.status }))
              const words = await tab.run(() => SessionHub.explain())
              // Firefox says of what a worker passes on not which page has posted it.
              const isLost = kind === 'firefox' && rung === 'link' && name === 'that passes requests on'
              if (name === 'that makes requests of its own' || isLost) {
                expect(status).to.include({ outcome: 'failed', reason: 'request_invalid', rung })
                expect(words).to.include(
                  `The service worker ${site}/worker.js must leave /session-hub/ alone`,
                )
              } else {
                expect(status).to.include({ outcome: 'replace', rung })
                expect(await tab.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
              }
              expect(words.includes('service worker')).to.equal(act !== '')
            }

            await openWith(magazine, act)
            await openWith(travel, act)
            await tab.open(`${shop}/plain`)
            await tab.fetch('/cart', { item: 'boots' })
            await tab.visit(shop)
            await byLink.approach({ page: tab, hub, site: shop }, `${travel}/?from=shop`)
            await byLink.take({ page: tab, hub, site: travel })
            expect(await tab.run(() => location.href)).to.equal(`${travel}/?from=shop`)
            await expectEnd(travel, 'link')

            await tab.open(`${shop}/session-hub/redirect?return=/plain`)
            await tab.open(`${magazine}/plain`)
            await tab.run(() => {
              location.href = '/session-hub/redirect?return=/'
            })
            await tab.until(() => location.pathname === '/' && SessionHub.status.atMs > 0)
            await expectEnd(magazine, 'redirect')
          })
      },
      { sites: ['shop', 'travel', 'magazine'], sisters: true },
    )
  })
