/** A Chromium at a distance from some servers: it reaches them through delaying proxies, and knows them by their own addresses. */
import type { Page } from 'puppeteer'

import { type BrowserKind, startBrowser } from '../support/browser.js'
import { type DelayProxy, startDelayProxy } from './delay-proxy.js'

export interface FarBrowser {
  readonly page: Page
  /** Ends the browser's connections to the server of this origin. */
  disconnect(origin: string): void
  close(): Promise<void>
}

/** @param kind stock Chrome's setting allows third-party cookies */
export async function startFarBrowser(
  origins: readonly string[],
  roundTripMs: number,
  kind: BrowserKind = 'allowed',
): Promise<FarBrowser> {
  const proxies = new Map<string, DelayProxy>()
  for (const origin of origins)
    proxies.set(origin, await startDelayProxy(Number(new URL(origin).port), roundTripMs))
  // The site's backend does not go this way: it stands beside the hub.
  const rules = [...proxies].map(([origin, { port }]) => `MAP ${new URL(origin).host} 127.0.0.1:${port}`)

  const far = await startBrowser(kind, [`--host-resolver-rules=${rules.join(', ')}`])
  return {
    page: await far.browser.newPage(),
    disconnect(origin) {
      proxies.get(origin)?.disconnect()
    },
    async close() {
      await far.close()
      for (const proxy of proxies.values()) await proxy.close()
    },
  }
}
