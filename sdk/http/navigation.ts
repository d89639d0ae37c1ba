/** Where a request comes from, and whether a visitor's window goes there. */
import { SessionHubError } from '../protocol/errors.js'
import type { RequestHead } from './head.js'

/**
 * Whether a visitor's own window goes there now: no frame, no script, no image, and nothing that is only being prepared.
 *
 * A service worker that hands the navigation of a window on makes it `empty`, and so that of a frame; a browser of before 2023 may
 * say nothing of it at all, and asks for a page at least. Of both, whatever a step leaves or finds is in a `SameSite=Lax` cookie,
 * which browsers keep from the frames, images and fetches of a stranger's page: no step is taken without the one before it.
 */
export const isNavigation = (req: RequestHead): boolean => {
  const { headers } = req
  if (isAhead(req)) return false
  if (saysNothing(req)) return /\btext\/html\b/.test(headers.accept ?? '')
  const [mode, dest] = [headers['sec-fetch-mode'], headers['sec-fetch-dest']]
  if (mode === 'navigate') return dest === 'document' || dest === 'empty'
  // Firefox's way of a service worker. No page of another origin can ask in this mode, and no fetch wants an upgrade.
  return mode === 'same-origin' && dest === 'empty' && headers['upgrade-insecure-requests'] === '1'
}

/** Whether it is a browser that does not know Fetch Metadata, such as Safari before 16.4. */
export const saysNothing = ({ headers }: RequestHead): boolean =>
  !Object.keys(headers).some((name) => name.startsWith('sec-fetch-'))

/** By what a browser says, and what Turbo, Next.js and htmx say of their own. */
const AHEAD = [
  'sec-purpose',
  'purpose',
  'x-purpose',
  'x-moz',
  'x-sec-purpose',
  'next-router-prefetch',
  'hx-preloaded',
]

/** Whether a browser, or a page's router, only prepares for a visit that may never be. */
const isAhead = ({ headers }: RequestHead): boolean => AHEAD.some((name) => headers[name] !== undefined)

/**
 * A browser would keep the answer, and show it at the click without asking again: so it gets an error, which it throws away.
 *
 * @throws SessionHubError `request_invalid`
 */
export function refuseAhead(req: RequestHead): void {
  if (isAhead(req)) throw new SessionHubError('request_invalid', 'This address must not be prefetched')
}

/**
 * Whether script of the site itself fetches it: its router, or a service worker that makes a request of its own of a navigation. So looks also a form
 * of another site that a worker has passed on in Firefox and Safari, which hide who has posted it.
 */
export const isOwnFetch = ({ headers }: RequestHead): boolean =>
  headers['sec-fetch-dest'] === 'empty' &&
  headers['sec-fetch-mode'] !== 'no-cors' &&
  headers['sec-fetch-site'] === 'same-origin'

/**
 * Whether another site's page has posted this: the browser keeps `SameSite=Lax` cookies from such a request, so that nobody can say who is
 * here. The answer's cookies it takes all the same.
 */
export function isPostFromElsewhere({ method, headers }: RequestHead, origin: string): boolean {
  if (method === undefined || ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method)) return false
  const from = headers['sec-fetch-site']
  // Browsers of before 2023 say no more than the origin; a program says nothing at all.
  return from === undefined
    ? headers.origin !== undefined && headers.origin !== origin
    : from === 'cross-site'
}

export const pathOf = (url: string): string => {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

export const queryOf = (url: string): URLSearchParams => new URLSearchParams(url.slice(pathOf(url).length))

/** A member that stands once; twice, and nobody can say which one is meant. */
export function single(query: URLSearchParams, name: string): string | undefined {
  const [value, more] = query.getAll(name)
  return more === undefined ? value : undefined
}
