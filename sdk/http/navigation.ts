/** Where a request comes from, and whether it is a navigation of the visitor's window. */
import { SessionHubError } from '../protocol/errors.js'
import type { RequestHead } from './head.js'

/**
 * Whether the visitor's own window navigates there now: not a frame, script or image, and not a mere preparation.
 *
 * Two cases look like less than a navigation. A service worker that passes on a window's navigation turns the destination into `empty`, but it
 * does the same for a frame. A browser from before 2023 may send no such header at all, but at least it asks for a page. In both cases, what a
 * step leaves or finds is in a `SameSite=Lax` cookie, which browsers withhold from the frames, images and fetches of a stranger's page: no
 * step works without the one before it.
 */
export const isNavigation = (req: RequestHead): boolean => {
  const { headers } = req
  if (isAhead(req)) return false
  if (saysNothing(req)) return /\btext\/html\b/.test(headers.accept ?? '')
  const [mode, dest] = [headers['sec-fetch-mode'], headers['sec-fetch-dest']]
  if (mode === 'navigate') return dest === 'document' || dest === 'empty'
  // A service worker in Firefox sends this. No page of another origin can ask in this mode, and no fetch asks for an upgrade.
  return mode === 'same-origin' && dest === 'empty' && headers['upgrade-insecure-requests'] === '1'
}

/** Whether the browser does not know Fetch Metadata, such as Safari before 16.4. */
export const saysNothing = ({ headers }: RequestHead): boolean =>
  !Object.keys(headers).some((name) => name.startsWith('sec-fetch-'))

/** The headers of browsers, and those of Turbo, Next.js and htmx. */
const AHEAD = [
  'sec-purpose',
  'purpose',
  'x-purpose',
  'x-moz',
  'x-sec-purpose',
  'next-router-prefetch',
  'hx-preloaded',
]

/** Whether a browser, or a page's router, only prepares for a visit that may never happen. */
const isAhead = ({ headers }: RequestHead): boolean => AHEAD.some((name) => headers[name] !== undefined)

/**
 * Refuses a prefetch: a browser would keep the answer and show it at the click without asking again. So it gets an error, which it throws away.
 *
 * @throws SessionHubError `request_invalid`
 */
export function refuseAhead(req: RequestHead): void {
  if (isAhead(req)) throw new SessionHubError('request_invalid', 'This address must not be prefetched')
}

/**
 * Whether a script of the site itself makes this request: its router, or a service worker that turns a navigation into a request of its own. A
 * form of another site that a worker has passed on looks the same in Firefox and Safari, which hide who has posted it.
 */
export const isOwnFetch = ({ headers }: RequestHead): boolean =>
  headers['sec-fetch-dest'] === 'empty' &&
  headers['sec-fetch-mode'] !== 'no-cors' &&
  headers['sec-fetch-site'] === 'same-origin'

/**
 * Whether another site's page has posted this. The browser withholds `SameSite=Lax` cookies from such a request, so nobody can say who is
 * here; but it accepts the answer's cookies all the same.
 */
export function isPostFromElsewhere({ method, headers }: RequestHead, origin: string): boolean {
  if (method === undefined || ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method)) return false
  const from = headers['sec-fetch-site']
  // Browsers from before 2023 send only the origin; a program sends nothing at all.
  return from === undefined
    ? headers.origin !== undefined && headers.origin !== origin
    : from === 'cross-site'
}

export const pathOf = (url: string): string => {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

export const queryOf = (url: string): URLSearchParams => new URLSearchParams(url.slice(pathOf(url).length))

/** A parameter that occurs once; if it occurs twice, nobody can say which one is meant. */
export function single(query: URLSearchParams, name: string): string | undefined {
  const [value, more] = query.getAll(name)
  return more === undefined ? value : undefined
}
