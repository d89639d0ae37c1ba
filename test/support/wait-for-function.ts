/**
 * Puppeteer's `waitForFunction` makes a function of a text, which Firefox 140 refuses in a page whose policy forbids that. This one evaluates the
 * function again and again, as a test itself would. A look into a document that is just going fails, and the next one is into the next document.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { Frame, TimeoutError } from 'puppeteer'

const LOOK_EVERY_MS = 20

interface Waiting {
  readonly timeout?: number
}

Frame.prototype.waitForFunction = async function (
  this: Frame,
  isSo: string | ((...args: never[]) => unknown),
  { timeout = this.page().getDefaultTimeout() }: Waiting = {},
  ...args: unknown[]
) {
  const endMs = performance.now() + (timeout || Infinity)
  let cause: unknown
  while (performance.now() < endMs) {
    if (this.detached) throw new Error('Waiting failed: the frame is gone')
    try {
      const found = await this.evaluateHandle(isSo as (...all: unknown[]) => unknown, ...args)
      if (await found.evaluate((value) => Boolean(value))) return found
      await found.dispose()
    } catch (thrown) {
      cause = thrown
    }
    await delay(LOOK_EVERY_MS)
  }
  throw new TimeoutError(`Waiting failed: ${timeout}ms exceeded`, { cause })
} as Frame['waitForFunction']
