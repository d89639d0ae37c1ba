/** A Chromium at a distance from some servers: it reaches them through delaying proxies, and knows them by their own addresses. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import puppeteer, { type Page } from 'puppeteer'

import { type DelayProxy, startDelayProxy } from './delay-proxy.js'

export interface FarBrowser {
  readonly page: Page
  /** Ends the browser's connections to the server of this origin. */
  disconnect(origin: string): void
  close(): Promise<void>
}

export async function startFarBrowser(origins: readonly string[], roundTripMs: number): Promise<FarBrowser> {
  const proxies = new Map<string, DelayProxy>()
  for (const origin of origins)
    proxies.set(origin, await startDelayProxy(Number(new URL(origin).port), roundTripMs))
  // The site's backend does not go this way: it stands beside the hub.
  const rules = [...proxies].map(([origin, { port }]) => `MAP ${new URL(origin).host} 127.0.0.1:${port}`)

  const userDataDir = await mkdtemp(join(tmpdir(), 'session-hub-bench-chromium-'))
  await mkdir(join(userDataDir, 'Default'))
  // Stock Chrome's setting: third-party cookies are allowed.
  const preferences = { profile: { cookie_controls_mode: 2 } }
  await writeFile(join(userDataDir, 'Default', 'Preferences'), JSON.stringify(preferences))
  const browser = await puppeteer.launch({
    executablePath: findChromium(),
    userDataDir,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
      `--host-resolver-rules=${rules.join(', ')}`,
    ],
  })
  return {
    page: await browser.newPage(),
    disconnect(origin) {
      proxies.get(origin)?.disconnect()
    },
    async close() {
      await browser.close()
      for (const proxy of proxies.values()) await proxy.close()
      await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

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
