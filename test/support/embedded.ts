/** Frames of the hub in a page that has no SDK, and what they say to it. */
import { type Frame, type Page, TimeoutError } from 'puppeteer'

import { binding } from './visitor.js'

interface Said {
  readonly origin: string
  readonly data: Message
}

interface Message {
  readonly nonce?: string
  readonly outcome?: string
  readonly reason?: string
  readonly ticket?: string
}

type Listening = typeof window & { heard: Said[] }

/** Opens an address and notes from then on what is said to its window. */
export async function listenIn(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.evaluate(() => {
    const heard: Said[] = []
    Object.assign(window, { heard })
    addEventListener('message', ({ origin, data }: MessageEvent<Message & { height?: number }>) => {
      // How high the button is says nothing of the visitor, and may come at any time.
      if (data.height === undefined) heard.push({ origin, data })
    })
  })
}

export const heardBy = (page: Page): Promise<Said[]> =>
  page.evaluate(() => (window as unknown as Listening).heard)

export interface Embedded {
  readonly frame: Frame
  readonly nonce: string
  readonly verifier: string
  /** What it says next: the first message that was not taken yet. */
  next(timeoutMs?: number): Promise<Message>
  /** As the page, to the frame. */
  send(offer: string | null): Promise<void>
  /** A click as by a mouse, in its middle. */
  click(): Promise<void>
  /** Changes how the page shows it, or what it puts beside it. */
  change(how: (element: HTMLIFrameElement) => void): Promise<void>
}

/** Embeds the hub's frame as the SDK does: out of sight, or a button of 300 by 60 pixels. Waits until it has loaded. */
export async function embed(
  page: Page,
  hub: string,
  path: '/frame' | '/access' | '/unlock',
  query: Record<string, string> = {},
): Promise<Embedded> {
  const site = new URL(page.url()).origin
  const { nonce, verifier } = binding()
  const element = await page.evaluateHandle(
    (src, style) => {
      const frame = document.createElement('iframe')
      frame.referrerPolicy = 'origin'
      frame.src = src
      frame.style.cssText = style
      const loaded = new Promise((resolve) => (frame.onload = resolve))
      document.body.append(frame)
      return loaded.then(() => frame)
    },
    `${hub}${path}?${new URLSearchParams({ site, nonce, ...query })}`,
    path === '/frame' ? 'display: none' : 'display: block; border: 0; width: 300px; height: 60px',
  )
  let taken = 0
  return {
    frame: await element.contentFrame(),
    nonce,
    verifier,
    async next(timeout = 10_000) {
      const said = await page.waitForFunction(
        (bound, index) =>
          (window as unknown as Listening).heard.filter(({ data }) => data.nonce === bound)[index]?.data,
        { polling: 20, timeout },
        nonce,
        taken,
      )
      taken += 1
      return (await said.jsonValue()) ?? {}
    },
    async send(offer) {
      const message = { sessionHub: 1, nonce, offer }
      await element.evaluate((frame, sent, to) => frame.contentWindow?.postMessage(sent, to), message, hub)
    },
    async click() {
      const [x, y] = await element.evaluate((frame) => {
        const { left, top, width, height } = frame.getBoundingClientRect()
        return [left + width / 2, top + height / 2]
      })
      await page.mouse.click(x!, y!)
    },
    change: (how) => element.evaluate(how),
  }
}

/** Has the page open a window, as the SDK does when the visitor has clicked. */
export async function openPopup(page: Page, url: string): Promise<Page> {
  const opened = new Promise<Page | null>((resolve) => page.once('popup', resolve))
  await page.evaluate((to) => {
    const button = document.createElement('button')
    button.id = 'open'
    button.textContent = 'Open'
    button.onclick = () => void open(to, 'unlock', 'width=400,height=400')
    document.body.prepend(button)
  }, url)
  await page.click('#open')
  const popup = await opened
  await popup?.waitForSelector('button')
  await page.$eval('#open', (button) => {
    button.remove()
  })
  if (!popup) throw new Error('No window was opened')
  return popup
}

/** Clicks until it says something: Chromium drops clicks on frames that have moved a moment before. */
export async function clickUntilAnswered(button: Embedded): Promise<Message> {
  for (;;) {
    await button.click()
    const said = await button.next(1000).catch(nothingYet)
    if (said) return said
  }
}

function nothingYet(thrown: unknown): undefined {
  if (!(thrown instanceof TimeoutError)) throw thrown
}

/** Clicks until a click counts: the button has to have been in sight for a while. */
export async function clickWhenSeen(button: Embedded): Promise<Message> {
  for (;;) {
    const said = await clickUntilAnswered(button)
    if (said.reason !== 'not_visible') return said
  }
}
