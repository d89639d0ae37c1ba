/** Cookies as this protocol uses them: `__Host-` names, and values that need no escaping. */

/**
 * The value of one cookie. `undefined` if it is absent, and also if it is there twice: somebody has planted one beside ours, and nobody can
 * say which is which (R22).
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (!header) return undefined
  let found: string | undefined
  for (let at = 0; at < header.length;) {
    const next = header.indexOf(';', at)
    const end = next < 0 ? header.length : next
    while (header.charCodeAt(at) === 0x20) at += 1
    if (header.startsWith(name, at) && header.charAt(at + name.length) === '=') {
      if (found !== undefined) return undefined
      found = header.slice(at + name.length + 1, end).trim()
    }
    at = end + 1
  }
  return found
}

/** The longest time that Chromium keeps a cookie. The session behind it has its own, shorter life at the hub. */
export const COOKIE_SECONDS = 400 * 86_400

export interface CookieKind {
  readonly sameSite: 'Strict' | 'Lax' | 'None'
  readonly httpOnly: boolean
}

/**
 * A `Set-Cookie` value; an empty value removes the cookie.
 *
 * @param maxAgeSeconds if absent, the cookie lasts as long as the browser session
 */
export function setCookie(
  name: string,
  value: string,
  { sameSite, httpOnly }: CookieKind,
  maxAgeSeconds?: number,
): string {
  const age = value === '' ? 0 : maxAgeSeconds
  return `${name}=${value}; Path=/; ${age === undefined ? '' : `Max-Age=${age}; `}Secure; ${httpOnly ? 'HttpOnly; ' : ''}SameSite=${sameSite}`
}
