/**
 * Cookies of another application on this host. Browsers keep cookies by host, whatever the port: `localhost:3001` and `localhost:3002` see
 * each other's. A cookie that is not this site's own is not a session here, and this site must not remove it.
 */
import { readCookie } from '../../http/cookies.js'
import type { SiteSettings } from '../options.js'

export interface ClearableCookies {
  readonly session: boolean
  readonly state: boolean
}

/** Which of the two cookies may be removed from the browser that sent this header. */
export function clearableIn(
  header: string | undefined,
  { origin, cookieName }: Pick<SiteSettings, 'origin' | 'cookieName'>,
): ClearableCookies {
  const text = readCookie(header, cookieName)
  return {
    session: text === undefined || text === '' || issuerOf(text) === origin,
    // The state belongs to the application whose session is there; if there is none at all, it is left over from one of ours.
    state: !valuesIn(header).some((value) => isNeighbours(value, origin)),
  }
}

/** Whether a cookie's value is a session token of another application on this host. */
export const isNeighbours = (text: string | undefined, origin: string): boolean =>
  text !== undefined && (issuerOf(text) ?? origin) !== origin

const valuesIn = (header = '') => header.split(';').map((pair) => pair.slice(pair.indexOf('=') + 1).trim())

/** The issuer that a session token names, unverified: a forged one only decides whether a worthless cookie stays. */
function issuerOf(token: string): string | undefined {
  const [head, payload, signature] = token.split('.')
  if (!head?.startsWith('eyJ') || !payload || signature === undefined) return undefined
  const { typ } = objectIn(head)
  const { iss } = objectIn(payload)
  return typ === 'session+jwt' && typeof iss === 'string' ? iss : undefined
}

function objectIn(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
