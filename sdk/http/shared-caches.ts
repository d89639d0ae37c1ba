/** What shared caches may store: nothing that is for one visitor, whatever an application says about all its answers. */

/** `CDN-Cache-Control` and similar headers (RFC 9213), and their predecessors: a cache that knows one of them ignores all others. */
const TARGETED = /-cache-control$|^(surrogate|edge)-control$|^x-accel-expires$/

interface Headers {
  getHeader(name: string): unknown
  getHeaderNames(): readonly string[]
  setHeader(name: string, value: string): unknown
  removeHeader(name: string): unknown
}

/** For an answer of the application that contains something of one visitor. */
export function keepPrivate(res: Headers): void {
  if (!isPrivate(res.getHeader('cache-control'))) res.setHeader('cache-control', 'private, no-cache')
  removeTargeted(res)
}

/** For an answer of ours, which says in `Cache-Control` how it may be cached. */
export function removeTargeted(res: Headers): void {
  for (const name of res.getHeaderNames()) {
    if (TARGETED.test(name) && !isPrivate(res.getHeader(name))) res.removeHeader(name)
  }
}

/** `private="Set-Cookie"` keeps one header out of caches, but not the page. */
export function isPrivate(said: unknown): boolean {
  const directives = String(said)
    .toLowerCase()
    .split(/[\s,]+/)
  const isOpen = directives.some((one) => one === 'public' || one.startsWith('s-maxage='))
  return !isOpen && (directives.includes('private') || directives.includes('no-store'))
}
