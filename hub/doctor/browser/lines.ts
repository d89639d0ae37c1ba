/** What the doctor reports about a visit in a real browser, with the cookies of other sites allowed and blocked. */
import { sitePaths } from '../../../sdk/protocol/wire.js'
import type { Finding, Line } from '../findings.js'
import { type DevTools, type OtherCookies, startChromium } from './chromium.js'
import { type Visit, visit } from './visit.js'

export interface BrowserQuestion {
  /** The path of Chromium; `undefined` if there is none. */
  readonly executable: string | undefined
  readonly hub: string
  readonly sites: readonly string[]
  readonly page: string
  readonly endpoint: string
  readonly timeoutMs: number
}

/** Yields each line as soon as it is known. */
export async function* examineInBrowser(question: BrowserQuestion): AsyncGenerator<Line> {
  const { executable, hub, sites } = question
  if (executable === undefined) {
    const what = 'no Chromium, Chrome or Edge is in the PATH'
    yield {
      about: hub,
      looked: 'can be looked at in a browser',
      findings: [{ code: 'browser_missing', what }],
    }
    return
  }
  for (const cookies of ['allowed', 'blocked'] as const) {
    let browser: DevTools | undefined
    try {
      browser = await startChromium(executable, cookies)
      await browser.send('Browser.getVersion')
      for (const site of sites) yield* lookIn(browser, cookies, site, question)
    } catch (thrown) {
      const what = `${executable}: ${wordsOf(thrown)}`
      yield { about: hub, looked: titleOf(cookies), findings: [{ code: 'browser_missing', what }] }
    } finally {
      await browser?.close()
    }
  }
}

const titleOf = (cookies: OtherCookies) => `in Chromium with the cookies of other sites ${cookies}`

async function* lookIn(
  browser: DevTools,
  cookies: OtherCookies,
  site: string,
  { page, endpoint, timeoutMs }: BrowserQuestion,
): AsyncGenerator<Line> {
  const first = await seen(browser, `${site}${page}`, timeoutMs)
  const where = titleOf(cookies)
  const status = first instanceof Error ? undefined : first.status
  const rung = status?.rung ? `, by "${status.rung}"` : ''
  const blocked = status?.isBlocked ? ': its frame is blocked, as it has to be' : ''
  yield { about: site, looked: `syncs ${where}${rung}${blocked}`, findings: syncFindings(first, cookies) }
  if (!(first instanceof Error))
    yield { about: site, looked: `has no error on its console ${where}`, findings: complaintFindings(first) }
  // If the frame works, no window is redirected.
  if (cookies === 'allowed' || !status) return
  const address = `${site}${endpoint}${sitePaths.redirect}?return=${encodeURIComponent(page)}`
  const led = await seen(browser, address, timeoutMs)
  yield { about: site, looked: `comes back from the hub ${where}`, findings: redirectFindings(led, site) }
}

async function seen(browser: DevTools, url: string, timeoutMs: number): Promise<Visit | Error> {
  try {
    return await visit(browser, url, timeoutMs)
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown))
  }
}

/** Good outcomes for an unknown visitor. If the page gives each visitor a session, the hub may have adopted it. */
const WELL = ['none', 'keep', 'adopt', 'replace']

function syncFindings(seen: Visit | Error, cookies: OtherCookies): Finding[] {
  if (seen instanceof Error) return [{ code: 'browser_page_failed', what: wordsOf(seen) }]
  const { status } = seen
  if (!status) return [{ code: 'browser_no_sdk', what: `"SessionHub" is not there${complaintsOf(seen)}` }]
  const { outcome, reason, isBlocked } = status
  const what = `the outcome is "${outcome ?? 'none yet'}"${reason === null ? '' : `, the reason "${reason}"`}${complaintsOf(seen)}`
  if (isBlocked) return cookies === 'allowed' ? [{ code: 'browser_blocked', what }] : []
  return outcome !== null && WELL.includes(outcome) ? [] : [{ code: 'browser_sync_failed', what }]
}

const complaintFindings = ({ complaints }: Visit): Finding[] =>
  complaints.map((what) => ({ code: 'browser_errors', what }))

function redirectFindings(seen: Visit | Error, site: string): Finding[] {
  if (seen instanceof Error) return [{ code: 'browser_redirect_failed', what: wordsOf(seen) }]
  const { origin, pathname } = new URL(seen.href)
  const { status } = seen
  if (origin !== site) return [{ code: 'browser_redirect_failed', what: `it ends at ${origin}${pathname}` }]
  if (status?.rung === 'redirect' && status.outcome !== null && WELL.includes(status.outcome)) return []
  const what = `back at ${pathname} the outcome is "${status?.outcome ?? 'none yet'}" and the reason "${status?.reason ?? 'none'}"`
  return [{ code: 'browser_redirect_failed', what }]
}

const complaintsOf = ({ complaints: [first] }: Visit) =>
  first === undefined ? '' : `; the console says: ${first}`

const wordsOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
