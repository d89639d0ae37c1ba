/** A real Chromium with a profile of its own, in either cookie world. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import puppeteer, { type Browser, type Page } from 'puppeteer'

/** Whether the browser gives a frame the cookies of another site. `allowed` is stock Chrome's setting. */
export type Cookies = 'allowed' | 'blocked'

/** Chromium's own numbers for `profile.cookie_controls_mode`. */
const COOKIE_CONTROLS: Record<Cookies, number> = { allowed: 2, blocked: 1 }

export interface TestBrowser {
  readonly browser: Browser
  /** A page that records what the SDK says and what goes wrong. */
  newPage(): Promise<TestPage>
  close(): Promise<void>
}

interface SdkEvent {
  readonly name: string
  readonly detail: Record<string, unknown>
}

export interface TestPage {
  readonly page: Page
  /** Uncaught errors, rejections, and errors on the console: the browser's own, of failed requests, among them. */
  readonly errors: string[]
  /** Uncaught errors and rejections only. */
  readonly scriptErrors: string[]
  /** Opens an address and waits for the SDK's sync to end. @returns how the sync ended */
  visit(url: string): Promise<SdkEvent>
  /** Opens a page that has no SDK. */
  open(url: string): Promise<void>
  /** The details of all events of this name in the present document. */
  eventsNamed(name: string): Promise<SdkEvent['detail'][]>
  /** Waits for the next event of this name, or finds it among those that came before. */
  event(name: string): Promise<SdkEvent>
  /** A request of the page's own script to its own backend. */
  fetch(path: string, body?: object): Promise<Record<string, unknown>>
  /** Asks the SDK to sync now. @returns its status */
  sync(): Promise<Record<string, unknown>>
}

/** @param more arguments for Chromium's command line */
export async function startBrowser(cookies: Cookies, more: readonly string[] = []): Promise<TestBrowser> {
  const userDataDir = await mkdtemp(join(tmpdir(), 'session-hub-chromium-'))
  await mkdir(join(userDataDir, 'Default'))
  const preferences = { profile: { cookie_controls_mode: COOKIE_CONTROLS[cookies] } }
  await writeFile(join(userDataDir, 'Default', 'Preferences'), JSON.stringify(preferences))
  const browser = await puppeteer.launch({
    executablePath: findChromium(),
    userDataDir,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', ...more],
  })
  return {
    browser,
    newPage: async () => record(await browser.newPage()),
    async close() {
      await browser.close()
      await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The same search as `test/install-browsers.mjs`, which has made sure that there is one. */
function findChromium(): string {
  const { SESSION_HUB_CHROMIUM: chosen, PATH = '' } = process.env
  if (chosen) return chosen
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const found = PATH.split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path))
  if (!found) throw new Error('There is no Chromium; "npm test" installs it')
  return found
}

async function record(page: Page): Promise<TestPage> {
  const errors: string[] = []
  const scriptErrors: string[] = []
  page.on('pageerror', (error) => {
    errors.push(String(error))
    scriptErrors.push(String(error))
  })
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await page.evaluateOnNewDocument(() => {
    if (window.top !== window) return
    const said: SdkEvent[] = []
    Object.assign(window, { said })
    for (const name of ['session-replaced', 'session-ended', 'synced', 'sync-failed']) {
      addEventListener(name, (event) =>
        said.push({ name, detail: (event as CustomEvent<SdkEvent['detail']>).detail }),
      )
    }
  })
  const events = () => page.evaluate(() => (window as unknown as { said: SdkEvent[] }).said)
  const event = async (...names: string[]): Promise<SdkEvent> => {
    const handle = await page.waitForFunction(
      (wanted) => (window as unknown as { said: SdkEvent[] }).said.find(({ name }) => wanted.includes(name)),
      { polling: 20 },
      names,
    )
    return (await handle.jsonValue()) as SdkEvent
  }
  return {
    page,
    errors,
    scriptErrors,
    eventsNamed: async (name) =>
      (await events()).filter((said) => said.name === name).map(({ detail }) => detail),
    event,
    async open(url) {
      await page.goto(url)
    },
    async visit(url) {
      await page.goto(url)
      return event('synced', 'sync-failed')
    },
    fetch: (path, body) =>
      page.evaluate(
        async (to, sent) => {
          const options = {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(sent),
          }
          const reply = await fetch(to, sent === undefined ? {} : options)
          return (await reply.json()) as Record<string, unknown>
        },
        path,
        body,
      ),
    sync: () => page.evaluate(async () => ({ ...(await SessionHub.sync({ force: true })) })),
  }
}
