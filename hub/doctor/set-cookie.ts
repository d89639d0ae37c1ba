/** Compares cookies as they arrive with how hub and sites send them, which shows what a proxy has changed. */
import type { CookieKind } from '../../sdk/http/cookies.js'
import type { Finding } from './findings.js'

/** The length of a name and its value together: browsers drop longer cookies (RFC 6265bis). */
const MOST_CHARACTERS = 4096

const PREFIX = '__Host-'

/** @param lines the `Set-Cookie` lines of one answer */
export function cookieFindings(
  lines: readonly string[],
  name: string,
  { sameSite, httpOnly }: CookieKind,
): Finding[] {
  const cookies = lines.map(readLine)
  const found = cookies.filter((cookie) => cookie.name === name)
  const [cookie] = found
  if (!cookie) {
    const bare = name.slice(PREFIX.length)
    const renamed = cookies.find((other) => other.name.endsWith(bare))
    return renamed
      ? [{ code: 'cookie_changed', what: `the cookie "${name}" arrives as "${renamed.name}"` }]
      : [{ code: 'cookie_missing', what: `the cookie "${name}" does not arrive` }]
  }
  const { attributes } = cookie
  const said = attributes.get('samesite')
  const faults = [
    cookie.length > MOST_CHARACTERS && `is longer than ${MOST_CHARACTERS} characters`,
    found.length > 1 && `is there ${found.length} times`,
    !attributes.has('secure') && 'has lost "Secure"',
    httpOnly !== attributes.has('httponly') && (httpOnly ? 'has lost "HttpOnly"' : 'has got "HttpOnly"'),
    said?.toLowerCase() !== sameSite.toLowerCase() &&
      `has "SameSite=${said ?? ''}" in place of "SameSite=${sameSite}"`,
    attributes.has('domain') && 'has got a "Domain"',
    attributes.get('path') !== '/' && 'has another "Path" than "/"',
    attributes.has('partitioned') && 'has got "Partitioned"',
  ].filter((fault) => fault !== false)
  return faults.length > 0
    ? [{ code: 'cookie_changed', what: `the cookie "${name}" ${faults.join(', ')}` }]
    : []
}

/** Leaves out the value, which must not be shown (R30). */
function readLine(line: string) {
  const [pair = '', ...rest] = line.split(';')
  const attributes = new Map(
    rest.map((part) => {
      const [name = '', value = ''] = part.split('=')
      return [name.trim().toLowerCase(), value.trim()]
    }),
  )
  return { length: pair.length, name: pair.slice(0, Math.max(0, pair.indexOf('='))).trim(), attributes }
}

/** The header that a browser would send with the next request. */
export const cookieHeader = (lines: readonly string[]): Record<string, string> => {
  const pairs = lines.map((line) => line.split(';')[0]?.trim() ?? '').filter((pair) => !pair.endsWith('='))
  return pairs.length > 0 ? { cookie: pairs.join('; ') } : {}
}
