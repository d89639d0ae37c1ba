/** A page that records what the SDK says and what goes wrong, in every browser that Puppeteer drives. */
import type { Page } from 'puppeteer'

import { drive, type DrivenPage, type Driver, type SdkEvent } from './driven-page.js'
import { until } from './until.js'

/** All that the SDK says on `window`. */
const EVENTS = [
  'session-replaced',
  'session-ended',
  'session-conflict',
  'synced',
  'sync-failed',
  'access-needed',
] as const

export interface TestPage extends DrivenPage {
  readonly page: Page
  /** Uncaught errors, rejections, and errors on the console: the browser's own, of failed requests, among them. */
  readonly errors: string[]
  /** Uncaught errors and rejections only. */
  readonly scriptErrors: string[]
  /** The details of all events of this name in the present document. */
  eventsNamed(name: string): Promise<SdkEvent['detail'][]>
  /** Waits for the next event of this name, or finds it among those that came before. */
  event(name: string): Promise<SdkEvent>
}

/** What Firefox 140 reports where its own driver looks into a document that is just going: it has no stack, and no file. */
const DRIVERS_OWN = /^Error: Error: Permission denied to access property "length"$/

export async function recordPage(page: Page): Promise<TestPage> {
  const errors: string[] = []
  const scriptErrors: string[] = []
  page.on('pageerror', (error) => {
    if (DRIVERS_OWN.test(String(error))) return
    errors.push(String(error))
    scriptErrors.push(String(error))
  })
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await page.evaluateOnNewDocument((names: readonly string[]) => {
    if (window.top !== window) return
    const said: SdkEvent[] = []
    Object.assign(window, { said })
    for (const name of names) {
      addEventListener(name, (event) =>
        said.push({ name, detail: (event as CustomEvent<SdkEvent['detail']>).detail }),
      )
    }
  }, EVENTS)
  const events = () => page.evaluate(() => (window as unknown as { said: SdkEvent[] }).said)
  const event = async (...names: string[]): Promise<SdkEvent> => {
    let heard: SdkEvent | undefined
    await lookFor(page, async () => {
      heard = (await events()).find(({ name }) => names.includes(name))
      return heard !== undefined
    })
    return heard!
  }
  return {
    ...drive(driverOf(page)),
    page,
    errors,
    scriptErrors,
    eventsNamed: async (name) =>
      (await events()).filter((said) => said.name === name).map(({ detail }) => detail),
    event,
    async visit(url) {
      await page.goto(url)
      return event('synced', 'sync-failed')
    },
  }
}

/**
 * Puppeteer's own `waitForFunction` makes a function of a text, which Firefox 140 refuses in a page whose policy forbids that. A look into a
 * document that is just going fails, and the next one is into the next document.
 */
async function lookFor(page: Page, isSo: () => Promise<unknown>): Promise<void> {
  await until(async () => {
    try {
      return Boolean(await isSo())
    } catch (thrown) {
      if (page.isClosed()) throw thrown
      return false
    }
  })
}

/** Puppeteer's types unwrap its handles from the arguments; there are none here. */
type Plain = (...args: unknown[]) => unknown

const driverOf = (page: Page): Driver => ({
  async open(url) {
    await page.goto(url)
  },
  run: <Args extends unknown[], Result>(act: (...args: Args) => Result | Promise<Result>, ...args: Args) =>
    page.evaluate(act as Plain, ...args) as Promise<Result>,
  async until(isSo, ...args) {
    await lookFor(page, () => page.evaluate(isSo as Plain, ...args))
  },
  click: (selector) => page.click(selector),
  async inPopup(open, act) {
    const opened = new Promise<Page | null>((resolve) => page.once('popup', resolve))
    await open()
    const popup = await opened
    if (!popup) throw new Error('The window was closed at once')
    const isGone = new Promise((resolve) => popup.once('close', resolve))
    await hasCome(popup)
    await act(driverOf(popup))
    await isGone
  },
})

/** A window that has just opened shows an empty document, which is complete too; what is asked while its page comes, goes with it. */
async function hasCome(popup: Page): Promise<void> {
  const isThere = () =>
    popup.evaluate(() => location.href !== 'about:blank' && document.readyState === 'complete')
  await until(() => isThere().catch(() => false))
}
