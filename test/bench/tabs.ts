/** How long an open tab takes to hear what another tab of the browser has done on another site, by each way. */
import { startBrowser, type TestPage } from '../support/browser.js'
import { startWorld } from '../support/world.js'
import { type Group, type Row, spreadRow } from './row.js'
import { spreadOf } from './spread.js'

const TIMES = 11

/** A visitor is to see it before looking. */
const AT_MOST_MS = 1000

export const tabs: Group = {
  name: 'tabs',
  measure: async () => [
    ...(await byFrame()),
    row('an end at the hub until a listening page hears of it', await byStream()),
  ],
}

const row = (what: string, runs: readonly number[]): Row =>
  spreadRow(spreadOf(runs), { what, unit: 'ms', target: { atMost: AT_MOST_MS } })

/** In Chromium with third-party cookies allowed, in a tab that nobody looks at. */
async function byFrame(): Promise<Row[]> {
  const world = await startWorld()
  const browser = await startBrowser('allowed')
  try {
    const other = await browser.newPage()
    await other.visit(world.siteOf('travel').origin)
    const tab = await browser.newPage()
    await tab.visit(world.siteOf('shop').origin)
    const signIns: number[] = []
    const signOuts: number[] = []
    for (let time = 0; time < TIMES; time += 1) {
      signIns.push(
        await until(other, 'session-replaced', async () => {
          await tab.fetch('/sign-in', { name: `user ${time}` })
          await tab.sync()
        }),
      )
      signOuts.push(await until(other, 'session-ended', () => tab.run(() => SessionHub.signOut())))
    }
    return [
      row('a sign-in on one site until a tab on another has its session', signIns),
      row('a sign-out on one site until a tab on another hears of it', signOuts),
    ]
  } finally {
    await browser.close()
    await world.close()
  }
}

/** In Chromium with cookies blocked: the hub tells the site, and the site its page. */
async function byStream(): Promise<number[]> {
  const world = await startWorld({ site: { live: true } })
  const browser = await startBrowser('blocked')
  try {
    const shop = world.siteOf('shop')
    const page = await browser.newPage()
    const runs: number[] = []
    for (let time = 0; time < TIMES; time += 1) {
      const listening = shop.listener.seen.filter(({ url }) => url === '/session-hub/live').length
      await page.open(`${shop.origin}/plain`)
      await page.fetch('/sign-in', { name: 'ada' })
      await page.visit(shop.origin)
      while (shop.listener.seen.filter(({ url }) => url === '/session-hub/live').length === listening)
        await new Promise((resolve) => setTimeout(resolve, 10))
      runs.push(await until(page, 'session-ended', () => world.hub.hub.sessions.endAll('ada')))
    }
    return runs
  } finally {
    await browser.close()
    await world.close()
  }
}

/** From the beginning of an act until this page tells its event. All of it is one machine's clock. */
async function until(page: TestPage, name: string, act: () => Promise<unknown>): Promise<number> {
  await page.run((wanted) => {
    Object.assign(window, {
      hears: new Promise((resolve) => {
        addEventListener(wanted, () => resolve(Date.now()), { once: true })
      }),
    })
  }, name)
  const begun = Date.now()
  await act()
  return (await page.run(() => (window as unknown as { hears: Promise<number> }).hears)) - begun
}
