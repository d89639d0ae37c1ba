/** Origins are compared as whole strings, in the one spelling that a browser sends. */
import { SessionHubError } from './errors.js'
import { limits } from './wire.js'

/**
 * Reads an origin such as `https://shop.example`. The text has to be exactly what a browser puts into the `Origin`
 * header: lower case, no default port, no path, no trailing slash. Plain http is for loopback names only.
 *
 * @throws SessionHubError `request_invalid`
 */
export function parseOrigin(value: unknown): string {
  const fault = originFault(value)
  if (fault) throw new SessionHubError('request_invalid', fault)
  return value as string
}

/** Says what is wrong with an origin and what to do about it; `undefined` if nothing is. */
export function originFault(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'An origin is a string such as "https://shop.example"'
  if (value.length > limits.originLength) return `An origin has at most ${limits.originLength} characters`
  let url
  try {
    url = new URL(value)
  } catch {
    return `"${value}" is not an origin; write it as "https://shop.example"`
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `"${value}" is neither https nor http`
  if (url.origin !== value) return `"${value}" is not an origin; did you mean "${url.origin}"?`
  // A URL parser accepts more: `*`, `;` and quotes, which mean something else in a Content-Security-Policy (R14).
  if (!/^([a-z0-9.-]+|\[[0-9a-f:.]+\])$/.test(url.hostname)) return `"${value}" does not name one host`
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return `"${value}" has to be https: browsers keep Secure cookies from plain http, loopback names excepted`
  }
  return undefined
}

/** A host as browsers send it in `Host`. */
export const isHost = (value: string): boolean =>
  value.length <= limits.originLength && /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d+)?$/.test(value)

/** Whether a `Host` names this origin: as browsers send it, or with the default port of its scheme, which is the same origin (URL standard). */
export function isHostOf(host: string, origin: string): boolean {
  const scheme = origin.slice(0, origin.indexOf('//'))
  const named = `${scheme}//${host}`
  if (named === origin) return true
  const hasPort = /:\d+$/.test(origin)
  return !hasPort && named === `${origin}:${scheme === 'https:' ? 443 : 80}`
}

/** Names that browsers resolve to this machine and treat as a secure context. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '127.0.0.1' ||
    hostname === '[::1]'
  )
}
