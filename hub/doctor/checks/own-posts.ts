/** What a page posts to its own server: whether it arrives as it was sent. */
import { cookieNames, exchangeHeader, hubPaths, sitePaths } from '../../../sdk/protocol/wire.js'
import { errorOf, inWords, jsonOf } from '../answer.js'
import type { Finding, Line } from '../findings.js'
import { isFinding, seeOr } from '../reach.js'
import { cookieFindings } from '../set-cookie.js'
import type { Eyes, Sight } from '../sight.js'

const ownPost = (origin: string, more: Record<string, string> = {}) =>
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

/** The hub's window leaves a cookie that says nothing; it has the attributes of the one that matters. */
export async function hubPostLine(eyes: Eyes, hub: string): Promise<Line> {
  const line = { about: hub, looked: 'takes a request of its own page, and its cookie arrives' }
  const sight = await seeOr(eyes, hub + hubPaths.unlock, ownPost(hub, { [exchangeHeader]: '1' }), 'body_lost')
  if (isFinding(sight)) return { ...line, findings: [sight] }
  if (sight.status !== 200) return { ...line, findings: [refusalOf(sight)] }
  return {
    ...line,
    findings: cookieFindings(sight.lines('set-cookie'), cookieNames.hubSeen, {
      sameSite: 'None',
      httpOnly: true,
    }),
  }
}

export interface SitePosted {
  readonly line: Line
  /** What the hub has told the site, where it has. */
  readonly sisters?: readonly string[]
}

/** To answer this, the site asks the hub in its own name. */
export async function sitePostLine(eyes: Eyes, site: string, endpoint: string): Promise<SitePosted> {
  const line = { about: site, looked: 'takes a request of its own page, and speaks with the hub' }
  const sight = await seeOr(eyes, site + endpoint + sitePaths.sisters, ownPost(site), 'body_lost')
  if (isFinding(sight)) return { line: { ...line, findings: [sight] } }
  const { sisters } = jsonOf(sight) ?? {}
  if (sight.status !== 200 || !Array.isArray(sisters))
    return { line: { ...line, findings: [refusalOf(sight)] } }
  return { line: { ...line, findings: [] }, sisters: sisters.filter((sister) => typeof sister === 'string') }
}

function refusalOf(sight: Sight): Finding {
  const what = inWords(sight)
  switch (errorOf(sight)) {
    case 'host_denied':
      return { code: 'host_rewritten', what }
    case 'origin_denied':
      return { code: 'request_origin_lost', what }
    case 'request_invalid':
    case 'media_type_invalid':
    case 'body_timeout':
    case 'body_too_large':
      return { code: 'body_lost', what }
    case 'unavailable':
      return /does not accept/.test(sight.text)
        ? { code: 'keys_do_not_match', what: 'it says that the hub does not accept its keys' }
        : { code: 'hub_unreachable_from_site', what }
    default:
      return { code: 'post_blocked', what }
  }
}
