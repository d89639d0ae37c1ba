/** One visit to a page of a site as an unknown visitor: what the SDK says in the end, and what the browser complains about. */
import type { DevTools } from './chromium.js'

export interface Visit {
  /** The SDK's own status; `undefined` if the page has no SDK. */
  readonly status: SdkStatus | undefined
  /** The window's address in the end. */
  readonly href: string
  /** Errors from the page's console, its scripts and its policies, each once. */
  readonly complaints: readonly string[]
}

interface SdkStatus {
  readonly outcome: string | null
  readonly reason: string | null
  readonly rung: string | null
  readonly isBlocked: boolean
}

const MOST_COMPLAINTS = 20

/** @throws Error if the browser stops, or the page does not load in time */
export async function visit(browser: DevTools, url: string, timeoutMs: number): Promise<Visit> {
  let timer
  // A page that never becomes idle, or a silent server, would leave this without an answer from the browser.
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('the page did not load in time'))
    }, timeoutMs + ANSWER_MS)
  })
  try {
    return await Promise.race([look(browser, url, timeoutMs), late])
  } finally {
    clearTimeout(timer)
  }
}

/** The time that the browser itself needs. */
const ANSWER_MS = 2000

async function look(browser: DevTools, url: string, timeoutMs: number): Promise<Visit> {
  const complaints = new Set<string>()
  browser.onEvent((method, params) => {
    const said = complaintOf(method, params)
    if (said !== undefined && complaints.size < MOST_COMPLAINTS) complaints.add(said)
  })
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' })
  const attached = await browser.send('Target.attachToTarget', { targetId, flatten: true })
  const session = String(attached.sessionId)
  for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Audits'])
    await browser.send(`${domain}.enable`, {}, session)
  const { errorText } = await browser.send('Page.navigate', { url }, session)
  if (typeof errorText === 'string' && errorText !== '') throw new Error(`${url}: ${errorText}`)
  const { status, href } = await settled(browser, session, timeoutMs)
  await browser.send('Target.closeTarget', { targetId })
  return { status, href, complaints: [...complaints] }
}

/** Runs in the page again and again, because the window may be redirected meanwhile. */
const LOOK = `(() => {
  const { outcome, reason, rung, isBlocked, atMs } = globalThis.SessionHub?.status ?? {}
  return JSON.stringify({ href: location.href, isLoaded: document.readyState === 'complete',
    hasSdk: 'SessionHub' in globalThis, isOver: atMs > 0, status: { outcome, reason, rung, isBlocked } })
})()`

interface Look {
  readonly href: string
  readonly isLoaded: boolean
  readonly hasSdk: boolean
  readonly isOver: boolean
  readonly status: SdkStatus
}

async function settled(
  browser: DevTools,
  session: string,
  timeoutMs: number,
): Promise<Pick<Visit, 'status' | 'href'>> {
  const endMs = performance.now() + timeoutMs
  let last: Look | undefined
  while (performance.now() < endMs) {
    last = (await lookOnce(browser, session)) ?? last
    if (last?.isOver) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  if (!last) throw new Error('the page did not load in time')
  return { href: last.href, status: last.hasSdk ? last.status : undefined }
}

/** A document that is being replaced does not answer. */
async function lookOnce(browser: DevTools, session: string): Promise<Look | undefined> {
  const asked = browser.send('Runtime.evaluate', { expression: LOOK, returnByValue: true }, session)
  const { result } = (await asked) as { result?: { value?: unknown } }
  if (typeof result?.value !== 'string') return undefined
  return JSON.parse(result.value) as Look
}

/** What a browser's console would show in red, and what the browser reports only in its "Issues". */
function complaintOf(method: string, params: Record<string, unknown>): string | undefined {
  if (method === 'Log.entryAdded') {
    const { level, text, url } = params.entry as { level: string; text: string; url?: string }
    return level === 'error'
      ? `${text}${url === undefined || text.includes(url) ? '' : ` (${withoutQuery(url)})`}`
      : undefined
  }
  if (method === 'Runtime.exceptionThrown') {
    const { text, exception } = params.exceptionDetails as {
      text: string
      exception?: { description?: string }
    }
    return (exception?.description ?? text).split('\n')[0]
  }
  if (method !== 'Audits.issueAdded') return undefined
  const { code, details } = params.issue as { code: string; details: Record<string, Record<string, unknown>> }
  const policy = details.contentSecurityPolicyIssueDetails
  const blocked = typeof policy?.blockedURL === 'string' ? withoutQuery(policy.blockedURL) : 'what is inline'
  if (code === 'ContentSecurityPolicyIssue' && policy?.isReportOnly !== true)
    return `the policy's "${String(policy?.violatedDirective)}" blocks ${blocked}`
  const response = details.blockedByResponseIssueDetails
  return code === 'BlockedByResponseIssue' ? `blocked by a header: ${String(response?.reason)}` : undefined
}

/** A frame's address contains a nonce, which must not be shown (R30). */
const withoutQuery = (url: string): string => url.replace(/[?#].*$/s, '')
