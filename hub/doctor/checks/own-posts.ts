/** Checks whether what a page posts to its own server arrives as it was sent. */
import { isPrivate } from '../../../sdk/http/shared-caches.js'
import type { ErrorCode } from '../../../sdk/protocol/errors.js'
import { cookieNames, exchangeHeader, hubPaths, sitePaths } from '../../../sdk/protocol/wire.js'
import { errorOf, inWords, jsonOf } from '../answer.js'
import type { Finding, FindingCode, Line } from '../findings.js'
import { isFinding, seeOr } from '../reach.js'
import { cookieFindings } from '../set-cookie.js'
import type { Eyes, Sight } from '../sight.js'

export const ownPost = (origin: string, more: Record<string, string> = {}) =>
  ({
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      origin,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      ...more,
    },
    body: '{}',
  }) as const

export interface Posted {
  readonly line: Line
  /** The server's clock: no cache keeps the answer to a POST, so its `Date` is new. */
  readonly aheadMs?: Sight['aheadMs']
}

/** The hub's window sets a harmless cookie with the same attributes as the one that matters. */
export async function hubPostLine(eyes: Eyes, hub: string): Promise<Posted> {
  const line = { about: hub, looked: 'accepts a request from its own page, and its cookie arrives' }
  const sight = await seeOr(eyes, hub + hubPaths.unlock, ownPost(hub, { [exchangeHeader]: '1' }), 'body_lost')
  if (isFinding(sight)) return { line: { ...line, findings: [sight] } }
  const found = sight.status === 200 ? { findings: seenFindings(sight) } : refusalOf(sight, 'hub_not_ready')
  return { line: { ...line, ...found }, aheadMs: sight.aheadMs }
}

const seenFindings = (sight: Sight) =>
  cookieFindings(sight.lines('set-cookie'), cookieNames.hubSeen, { sameSite: 'None', httpOnly: true })

export interface SitePosted extends Posted {
  /** The sisters that the hub has named to the site, if it has. */
  readonly sisters?: readonly string[]
}

/** To answer this, the site has to send a request of its own to the hub. */
export async function sitePostLine(eyes: Eyes, site: string, endpoint: string): Promise<SitePosted> {
  const line = { about: site, looked: 'accepts a request from its own page, and reaches the hub' }
  const sight = await seeOr(eyes, site + endpoint + sitePaths.sisters, ownPost(site), 'body_lost')
  if (isFinding(sight)) return { line: { ...line, findings: [sight] } }
  const { aheadMs } = sight
  const { sisters } = jsonOf(sight) ?? {}
  if (sight.status !== 200 || !Array.isArray(sisters))
    return { line: { ...line, ...refusalOf(sight, 'hub_unreachable_from_site') }, aheadMs }
  const known = sisters.filter((sister) => typeof sister === 'string')
  return { line: { ...line, findings: cacheFindings(sight) }, aheadMs, sisters: known }
}

/** Reads `Cache-Control`, which is for all caches, and `CDN-Cache-Control`, which overrides it at a CDN (RFC 9213). */
function cacheFindings({ url, header }: Sight): Finding[] {
  const said = ['cdn-cache-control', 'cache-control'].flatMap((name) => {
    const value = header(name)
    return value === undefined ? [] : [{ name, value }]
  })
  const open = said.find(({ value }) => !isPrivate(value))
  if (said.length > 0 && !open) return []
  const what = open ? `"${open.name}: ${open.value}"` : 'no "cache-control"'
  return [{ code: 'answer_cacheable', what: `${new URL(url).pathname} has ${what}` }]
}

/** No key opens this. The site then asks the hub whether its own ticket key is the registered one. */
const MADE_UP = 'e30.made-up.by.the.doctor'

/**
 * Sends a ticket that nobody has sealed. A site with the right keys answers that the ticket is invalid; one with another ticket key, that its own key
 * is wrong.
 */
export async function ticketKeyLine(eyes: Eyes, site: string, endpoint: string): Promise<Line> {
  const line = { about: site, looked: 'has the ticket key that the hub seals for' }
  const ask = { ...ownPost(site), body: JSON.stringify({ ticket: MADE_UP }) }
  const sight = await seeOr(eyes, site + endpoint + sitePaths.redeem, ask, 'body_lost')
  if (isFinding(sight)) return { ...line, findings: [sight] }
  const code = errorOf(sight)
  if (code === 'ticket_invalid') return { ...line, findings: [] }
  if (code === 'consent_required')
    return { ...line, findings: [], skipped: 'the site asks its visitors for consent first' }
  return { ...line, ...refusalOf(sight, 'hub_unreachable_from_site') }
}

/** @param unavailable the finding for a failure on the other side */
function refusalOf(sight: Sight, unavailable: FindingCode): Pick<Line, 'findings' | 'skipped'> {
  const code = errorOf(sight)
  if (code === 'rate_limited') return { findings: [], skipped: 'too many requests: try again in a minute' }
  const isRefused = code === 'unavailable' && /does not accept/.test(sight.text)
  const found = isRefused ? 'keys_do_not_match' : code === 'unavailable' ? unavailable : causeOf(code)
  return { findings: [{ code: found, what: inWords(sight) }] }
}

function causeOf(code: ErrorCode | undefined): FindingCode {
  switch (code) {
    case 'host_denied':
      return 'host_rewritten'
    case 'origin_denied':
      return 'request_origin_lost'
    case 'request_invalid':
    case 'media_type_invalid':
    case 'body_timeout':
    case 'body_too_large':
      return 'body_lost'
    default:
      return 'post_blocked'
  }
}
