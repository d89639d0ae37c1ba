/** What the ladder's lower rungs cost a visitor whose browser keeps the hub's cookie from frames: the redirect and the link. */
import type { CDPSession, Page } from 'puppeteer'

import { startWorld, type World } from '../support/world.js'
import { type FarBrowser, startFarBrowser } from './far-browser.js'
import { type Group, type Row, spreadRow } from './row.js'
import { spreadOf } from './spread.js'

/** A telephone on a middling day. */
const ROUND_TRIP_MS = 100
const VISITS = 11

export const ladder: Group = {
  name: 'ladder',
  async measure() {
    return [
      ...(await measured(
        false,
        'redirect to the hub and back',
        (travel) => `${travel}/session-hub/redirect?return=/plain`,
      )),
      ...(await measured(true, 'first page by redirectOnce', (travel) => `${travel}/plain`)),
      ...(await link()),
    ]
  },
}

/** A redirect of either kind, on a site that the browser does not know and has no connection to. */
async function measured(once: boolean, what: string, addressOn: (travel: string) => string): Promise<Row[]> {
  const { world, far, shop, travel } = await start(once)
  try {
    const { page } = far
    await fillCart(page, shop)
    // The hub takes the cart's session over: its own page has its own cookie.
    await page.goto(`${shop}/session-hub/redirect?return=/plain`)
    const runs: Journey[] = []
    for (let visit = 0; visit < VISITS; visit += 1) {
      await forget(page, travel)
      for (const origin of [travel, world.hub.origin]) far.disconnect(origin)
      runs.push(await journey(page, travel, '/callback', () => page.goto(addressOn(travel))))
      await expectCart(page)
    }
    return rows(runs, what, [5, 6])
  } finally {
    await far.close()
    await world.close()
  }
}

/** From a page of one site to a page of another, with the ticket there before the click, as the SDK fetches it. */
async function link(): Promise<Row[]> {
  const { world, far, shop, travel } = await start(false)
  try {
    const { page } = far
    await fillCart(page, shop)
    const runs: Journey[] = []
    for (let visit = 0; visit < VISITS; visit += 1) {
      await page.goto(`${shop}/plain`)
      await forget(page, travel)
      const ticket = await linkTicket(page, travel)
      far.disconnect(travel)
      runs.push(
        await journey(page, travel, '/enter', async () => {
          const arrived = page.waitForNavigation()
          await submit(page, `${travel}/session-hub/enter`, { ticket, to: `${travel}/plain` })
          await arrived
        }),
      )
      await expectCart(page)
    }
    return rows(runs, 'link to a sister, ticket at hand', [3, 4])
  } finally {
    await far.close()
    await world.close()
  }
}

function rows(runs: readonly Journey[], what: string, [cookie, page]: readonly [number, number]): Row[] {
  const note = (from: string, least: number) =>
    `${from} At least ${least} are needed. ${ROUND_TRIP_MS} ms each, TCP without TLS, no connection to site or hub, Chromium with third-party cookies blocked.`
  const of = (figure: keyof Journey) => spreadOf(runs.map((run) => run[figure] / ROUND_TRIP_MS))
  return [
    spreadRow(of('cookieMs'), {
      what: `${what}: until the cookie is set`,
      unit: 'round trips',
      target: { atMost: cookie + 0.6 },
      note: note(
        'From the start of the navigation until the answer that sets the session cookie is read.',
        cookie,
      ),
    }),
    spreadRow(of('pageMs'), {
      what: `${what}: until the clean page has come`,
      unit: 'round trips',
      target: { atMost: page + 0.6 },
      note: note('The same, until the last byte of the page.', page),
    }),
  ]
}

interface Started {
  readonly world: World
  readonly far: FarBrowser
  readonly shop: string
  readonly travel: string
}

async function start(once: boolean): Promise<Started> {
  const world = await startWorld({
    sites: ['shop', 'travel'],
    sisters: true,
    once,
    hub: { limits: { perSession: 1e9, perAddress: 1e9 } },
    site: { perAddress: 1e9 },
  })
  const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
  return {
    world,
    far: await startFarBrowser([world.hub.origin, shop, travel], ROUND_TRIP_MS, 'blocked'),
    shop,
    travel,
  }
}

interface Journey {
  readonly cookieMs: number
  readonly pageMs: number
}

/** Times a navigation by the browser's own records of it. @param last the step whose answer sets the session cookie */
async function journey(page: Page, site: string, last: string, go: () => Promise<unknown>): Promise<Journey> {
  const devtools = await page.createCDPSession()
  await devtools.send('Network.enable')
  const seen = record(devtools)
  await go()
  await devtools.detach()
  const after = `${site}/session-hub${last}`
  const cookie = seen.steps.find(({ from }) => from?.startsWith(after) && !from.endsWith('/enter'))
  const [first] = seen.steps
  if (!first || !cookie || seen.endSeconds === undefined) throw new Error(`It did not pass ${after}`)
  const since = (seconds: number) => (seconds - first.seconds) * 1000
  return { cookieMs: since(cookie.seconds), pageMs: since(seen.endSeconds) }
}

interface Step {
  readonly seconds: number
  /** The address whose redirect led here. */
  readonly from: string | undefined
}

/** The steps of the window's next navigation, as they happen. */
function record(devtools: CDPSession): { steps: Step[]; endSeconds?: number } {
  const seen: { steps: Step[]; endSeconds?: number } = { steps: [] }
  let id: string | undefined
  devtools.on('Network.requestWillBeSent', ({ requestId, type, timestamp, redirectResponse }) => {
    if (type !== 'Document') return
    id ??= requestId
    if (requestId === id) seen.steps.push({ seconds: timestamp, from: redirectResponse?.url })
  })
  devtools.on('Network.loadingFinished', ({ requestId, timestamp }) => {
    if (requestId === id) seen.endSeconds = timestamp
  })
  return seen
}

/** What the visitor brings along. */
async function fillCart(page: Page, shop: string): Promise<void> {
  await page.goto(`${shop}/plain`)
  await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' }
    await fetch('/cart', { method: 'POST', headers, body: JSON.stringify({ item: 'a kettle' }) })
  })
}

/** The site's cookies, so that it is new to the browser. */
async function forget(page: Page, site: string): Promise<void> {
  const devtools = await page.createCDPSession()
  await devtools.send('Storage.clearDataForOrigin', { origin: site, storageTypes: 'cookies' })
  await devtools.detach()
}

const linkTicket = (page: Page, to: string): Promise<string> =>
  page.evaluate(async (sister) => {
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch('/session-hub/link', {
      method: 'POST',
      headers,
      body: JSON.stringify({ to: sister }),
    })
    return ((await reply.json()) as { ticket: string }).ticket
  }, to)

const submit = (page: Page, action: string, members: Record<string, string>) =>
  page.evaluate(
    (to, given) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action: to })
      for (const [name, value] of Object.entries(given))
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }))
      document.body.append(form)
      form.submit()
    },
    action,
    members,
  )

async function expectCart(page: Page): Promise<void> {
  const who = await page.evaluate(async () => (await fetch('/whoami')).text())
  if (!who.includes('a kettle')) throw new Error(`The cart did not come along: ${who}`)
}
