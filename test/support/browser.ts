/** Real browsers, each with a fresh profile of its own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import puppeteer, {
  type Browser,
  type BrowserContext,
  type Cookie,
  type LaunchOptions,
  type Page,
} from 'puppeteer'

import { findProgram } from './programs.js'
import './wait-for-function.js'
import { recordPage, type TestPage } from './test-page.js'

export type { TestPage } from './test-page.js'

const PURGES = {
  'privacy.bounceTrackingProtection.mode': 1,
  'privacy.bounceTrackingProtection.bounceTrackingGracePeriodSec': 0,
  'privacy.bounceTrackingProtection.bounceTrackingPurgeTimerPeriodSec': 1,
  'privacy.bounceTrackingProtection.clientBounceDetectionTimerPeriodMS': 500,
}

/** Chromium, by how it treats the cookies of another site in a frame; and Firefox, as it comes. */
const KINDS = {
  /** Stock Chrome's setting. */
  allowed: chromium({ cookie_controls_mode: 2 }),
  blocked: chromium({ cookie_controls_mode: 1 }),
  /** Blocked, and the visitor has allowed the hub storage access on each of the world's sites. */
  granted: chromium({
    cookie_controls_mode: 1,
    content_settings: { exceptions: { storage_access: grants(['shop', 'travel', 'magazine']) } },
  }),
  /** A private window blocks whatever the setting. It has one page. */
  incognito: { ...chromium({ cookie_controls_mode: 2 }, ['--incognito']), openPage: onlyPage },
  firefox: firefox(),
  /** The visitor has switched cookies off altogether. */
  cookieless: chromium({ default_content_setting_values: { cookies: 2 } }),
  'cookieless Firefox': firefox({ 'network.cookie.cookieBehavior': 2 }),
  /** Firefox as some people harden it: it tells no other site which page a request comes from. */
  hardened: firefox({ 'network.http.referer.XOriginPolicy': 2 }),
  /** Firefox that purges bounce trackers, as with strict protection, but each second: it would wait an hour. */
  purging: firefox(PURGES),
  /** The same where a redirect counts that has touched no cookie. */
  'purging, stateless': firefox({
    ...PURGES,
    'privacy.bounceTrackingProtection.requireStatefulBounces': false,
  }),
} satisfies Record<string, Kind>

export type BrowserKind = keyof typeof KINDS

export interface TestBrowser {
  readonly browser: Browser
  /** A page that records what the SDK says and what goes wrong. */
  newPage(): Promise<TestPage>
  /** Those of the visitor of `newPage`, of every site. */
  cookies(): Promise<Cookie[]>
  /** A page in a profile of its own, which shares nothing with those of other visitors. */
  newVisitor(): Promise<{ readonly page: TestPage; leave(): Promise<void> }>
  /**
   * For the next test, in place of a fresh browser, which takes seconds: there is one empty page, no cookie and no permission. What an
   * origin stores in Chromium it keeps: each world has ports of its own. In Firefox each test has a container of its own.
   */
  renew(): Promise<void>
  close(): Promise<void>
}

/** How to launch one: what its command line and profile have to hold. */
interface Kind {
  readonly prepare: (profile: string) => Promise<void>
  readonly launch: () => LaunchOptions
  /** @default Puppeteer's own way */
  readonly openPage?: (browser: Browser) => Promise<Page>
  /** Whether each test of a shared browser gets a visitor of its own, whom the browser then forgets. */
  readonly hasContainers?: boolean
}

/** @param more arguments for the browser's command line */
export async function startBrowser(kind: BrowserKind, more: readonly string[] = []): Promise<TestBrowser> {
  const { prepare, launch, openPage, hasContainers = false }: Kind = KINDS[kind]
  const profile = await mkdtemp(join(tmpdir(), `session-hub-${kind}-`))
  await prepare(profile)
  const { args = [], ...options } = launch()
  const browser = await puppeteer.launch({ ...options, userDataDir: profile, args: [...args, ...more] })
  let visitor: BrowserContext | undefined
  const context = async () => {
    if (!hasContainers) return browser.defaultBrowserContext()
    return (visitor ??= await browser.createBrowserContext())
  }
  return {
    browser,
    newPage: async () => recordPage(await (openPage?.(browser) ?? (await context()).newPage())),
    cookies: async () => (await context()).cookies(),
    async newVisitor() {
      const context = await browser.createBrowserContext()
      return { page: await recordPage(await context.newPage()), leave: () => context.close() }
    },
    async renew() {
      for (const context of browser.browserContexts())
        if (context !== browser.defaultBrowserContext()) await context.close()
      visitor = undefined
      if (hasContainers) return
      const [, ...pages] = await browser.pages()
      for (const page of pages) await page.close()
      const session = await browser.target().createCDPSession()
      await session.send('Storage.clearCookies')
      // The granted kind's own would go too.
      if (kind !== 'granted') await session.send('Browser.resetPermissions')
      await session.detach()
    },
    async close() {
      await browser.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** What the address bar of each window loads in advance, two pages with a process each: half of the processor time that a window takes. */
const NO_POPUPS = '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup'

/** @param profile Chromium's own names and numbers, under `profile` in its preferences */
function chromium(profile: object, more: readonly string[] = []): Kind {
  return {
    async prepare(folder) {
      await mkdir(join(folder, 'Default'))
      await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify({ profile }))
    },
    launch: () => ({
      executablePath: findProgram('SESSION_HUB_CHROMIUM'),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--no-first-run',
        NO_POPUPS,
        ...more,
      ],
    }),
  }
}

/** The private window's: `newPage()` would open an ordinary window beside it. */
async function onlyPage(browser: Browser): Promise<Page> {
  const [page] = await browser.pages()
  if (page?.url() !== 'about:blank') throw new Error('The private window has one page, and it is in use')
  // A window's first page has no focus, and so no element of it can get any.
  await page.bringToFront()
  return page
}

/** Storage access as Chromium remembers it: no port, and `[*.]` for a host and all below it. */
function grants(sites: readonly string[]): object {
  const grant = { last_modified: '13400000000000000', setting: 1 }
  return Object.fromEntries(
    sites.map((site) => [`http://[*.]hub.localhost,http://[*.]${site}.localhost`, grant]),
  )
}

/** Default protection: no preference that touches cookies is changed. */
function firefox(preferences: Record<string, number | boolean> = {}): Kind {
  return {
    hasContainers: true,
    prepare: () => Promise.resolve(),
    launch: () => ({
      browser: 'firefox',
      executablePath: findProgram('SESSION_HUB_FIREFOX'),
      // It would ask for /favicon.ico, and take the page's refusal for an error of the page.
      extraPrefsFirefox: { 'browser.chrome.site_icons': false, ...preferences },
    }),
  }
}
