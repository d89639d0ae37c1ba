/** How long a visitor waits for the session at a new site, in round trips, and what an unchanged session asks of the network. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { Page } from 'puppeteer'

import { hubPaths } from '../../sdk/protocol/wire.js'
import { startWorld, type World } from '../support/world.js'
import { type FarBrowser, startFarBrowser } from './far-browser.js'
import { type Group, spreadRow } from './row.js'
import { spreadOf } from './spread.js'

/** A telephone on a middling day. */
const ROUND_TRIP_MS = 100
const VISITS = 11

export const roundTrips: Group = {
  name: 'round-trips',
  async measure() {
    const world = await startWorld({
      sites: ['shop', 'travel'],
      hub: { limits: { perSession: 1e9, perAddress: 1e9 } },
      site: { perAddress: 1e9 },
    })
    const shop = world.siteOf('shop').origin
    const { origin: travel, listener } = world.siteOf('travel')
    listener.app.get('/inline', (_req, res) => {
      res.type('html').send(pageWithSdk(world.hub.origin))
    })
    const browser = await startFarBrowser([world.hub.origin, travel], ROUND_TRIP_MS)
    try {
      await fillCart(browser.page, shop)
      const cold: number[] = []
      const warm: number[] = []
      for (let visit = 0; visit < VISITS; visit += 1) {
        cold.push(await firstVisit(browser, world.hub.origin, travel, true))
        warm.push(await firstVisit(browser, world.hub.origin, travel, false))
      }
      const unchanged = await unchangedVisit(browser.page, world, travel)
      const note = (how: string, least: number) =>
        `From the start of the SDK's script until the page is told that its cookie is set. ${how} At least ${least} are needed. ${ROUND_TRIP_MS} ms each, TCP without TLS, Chromium.`
      return [
        spreadRow(spreadOf(cold), {
          what: 'first visit, no connection to the hub yet',
          unit: 'round trips',
          target: { atMost: 3.6 },
          note: note(
            "The SDK stands in the site's own page here: were it fetched from the hub, that would open the connection before the clock starts.",
            3,
          ),
        }),
        spreadRow(spreadOf(warm), {
          what: 'first visit, connection to the hub open',
          unit: 'round trips',
          target: { atMost: 2.6 },
          note: note('A frame on the same site was loaded a moment ago.', 2),
        }),
        { what: 'next page, session unchanged', figure: unchanged, unit: 'requests', target: { atMost: 0 } },
      ]
    } finally {
      await browser.close()
      await world.close()
    }
  },
}

/** The SDK in the page itself, between a mark and a listener for the end. */
function pageWithSdk(hub: string): string {
  const sdk = readFileSync(fileURLToPath(import.meta.resolve('session-hub/sdk.js')), 'utf8')
  return `<!doctype html><meta charset=utf-8><title>travel</title>
<script>
  addEventListener('session-replaced', () => { window.replacedMs = performance.now() - window.startMs })
  addEventListener('synced', ({ detail }) => { window.synced = detail })
  addEventListener('sync-failed', ({ detail }) => { window.synced = detail })
  window.startMs = performance.now()
</script>
<script data-hub="${hub}">${sdk}</script>`
}

interface Told {
  readonly synced?: { readonly outcome: string | null; readonly reason: string | null }
  readonly replacedMs?: number
}

/** Opens a page and waits for its sync to end. */
async function visit(page: Page, url: string): Promise<Told> {
  await page.goto(url)
  await page.waitForFunction(() => 'synced' in window, { polling: 20 })
  return page.evaluate(() => {
    const { synced, replacedMs } = window as unknown as Told
    return { ...(synced && { synced }), ...(replacedMs !== undefined && { replacedMs }) }
  })
}

/** What the visitor brings along: a session that the hub has adopted from another site. */
async function fillCart(page: Page, shop: string): Promise<void> {
  await page.goto(`${shop}/plain`)
  await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' }
    await fetch('/cart', { method: 'POST', headers, body: JSON.stringify({ item: 'a kettle' }) })
  })
  await page.goto(shop)
  await page.waitForFunction(() => globalThis.SessionHub.status.outcome !== null, { polling: 20 })
}

/** A visit of a browser that knows nothing of the site; its connection to the site has just brought the page. */
async function firstVisit(browser: FarBrowser, hub: string, site: string, isCold: boolean): Promise<number> {
  const { page } = browser
  await page.goto('about:blank')
  const devtools = await page.createCDPSession()
  await devtools.send('Storage.clearDataForOrigin', { origin: site, storageTypes: 'cookies,local_storage' })
  await devtools.detach()
  if (isCold) browser.disconnect(hub)
  const { synced, replacedMs } = await visit(page, `${site}/inline`)
  if (replacedMs === undefined) throw new Error(`No session came, but ${JSON.stringify(synced)}`)
  return replacedMs / ROUND_TRIP_MS
}

/** The page again. @returns how many requests hub and site got, besides that for the page */
async function unchangedVisit(page: Page, world: World, site: string): Promise<number> {
  const { seen } = world.siteOf('travel').listener
  const [hubBefore, siteBefore] = [world.hub.listener.seen.length, seen.length]
  const { synced } = await visit(page, `${site}/inline`)
  if (synced?.reason) throw new Error(`The sync failed: ${synced.reason}`)
  const own = seen.slice(siteBefore).filter(({ url }) => url.startsWith('/session-hub/'))
  // The site's event stream is there for all visitors, and comes again when it likes.
  const hubs = world.hub.listener.seen.slice(hubBefore).filter(({ url }) => url !== hubPaths.events)
  return hubs.length + own.length
}
