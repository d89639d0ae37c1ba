/** Sends a visitor without a session from the site through the hub and back. This needs no browser, and leaves nothing behind. */
import { cookieNames, hubPaths, sitePaths } from '../../../sdk/protocol/wire.js'
import { inWords } from '../answer.js'
import type { Finding, Line } from '../findings.js'
import { isFinding, redirectOf, seeOr } from '../reach.js'
import { cookieFindings, cookieHeader } from '../set-cookie.js'
import type { Eyes } from '../sight.js'

const windowFrom = (site: 'none' | 'cross-site') => ({
  accept: 'text/html',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': site,
})

export async function handoverLine(eyes: Eyes, hub: string, site: string, endpoint: string): Promise<Line> {
  const line = { about: site, looked: 'sends a visitor to the hub and back' }
  const found = await walk(eyes, hub, site, endpoint)
  return typeof found === 'string' ? { ...line, findings: [], skipped: found } : { ...line, findings: found }
}

/** @returns the findings, or the reason why the visitor could not go there */
async function walk(eyes: Eyes, hub: string, site: string, endpoint: string): Promise<Finding[] | string> {
  const begun = await seeOr(
    eyes,
    `${site}${endpoint}${sitePaths.redirect}?return=%2F`,
    { headers: windowFrom('none') },
    'handover_failed',
  )
  if (isFinding(begun)) return [begun]
  const toHub = redirectOf(begun)
  if (!toHub) return [{ code: 'handover_failed', what: inWords(begun) }]
  const refusal = arrivalOf(begun.lines('set-cookie'))
  if (refusal === 'consent_required') return 'the site asks its visitors for consent first'
  if (refusal !== undefined) return [arrivedWith(refusal)]
  if (toHub.origin !== hub)
    return [{ code: 'tag_names_other_hub', what: `its backend leads to ${toHub.origin}` }]
  if (toHub.pathname !== hubPaths.redirect)
    return [{ code: 'handover_failed', what: `the site leads to ${toHub.pathname} of the hub` }]
  const cookies = begun.lines('set-cookie')
  const changed = cookieFindings(cookies, cookieNames.start, { sameSite: 'Lax', httpOnly: true })

  const atHub = await seeOr(eyes, toHub.href, { headers: windowFrom('cross-site') }, 'handover_failed')
  if (isFinding(atHub)) return [...changed, atHub]
  const back = redirectOf(atHub)
  if (!back) return [...changed, { code: 'handover_failed', what: inWords(atHub) }]
  if (back.origin !== site || back.pathname !== endpoint + sitePaths.callback) {
    const what = `the hub leads back to ${back.origin}${back.pathname}`
    return [...changed, { code: 'endpoint_unregistered', what }]
  }

  const headers = { ...windowFrom('cross-site'), ...cookieHeader(cookies) }
  const arrived = await seeOr(eyes, back.href, { headers }, 'handover_failed')
  if (isFinding(arrived)) return [...changed, arrived]
  const reason = arrivalOf(arrived.lines('set-cookie'))
  const there = redirectOf(arrived)
  if (there?.origin !== site) return [...changed, { code: 'handover_failed', what: inWords(arrived) }]
  // This is how the site redirects a browser that has sent no cookie.
  if (there.searchParams.get('session-hub') === 'off')
    return [
      ...changed,
      { code: 'cookie_missing', what: `the cookie "${cookieNames.start}" does not come back` },
    ]
  if (reason !== undefined) return [...changed, arrivedWith(reason)]
  const words = cookieFindings(arrived.lines('set-cookie'), cookieNames.arrival, {
    sameSite: 'Lax',
    httpOnly: false,
  })
  return [...changed, ...words]
}

const arrivedWith = (reason: string): Finding =>
  reason === 'unavailable'
    ? { code: 'hub_unreachable_from_site', what: 'its redirect ends with the code "unavailable"' }
    : { code: 'handover_failed', what: `the visitor arrives with the code "${reason}"` }

/** The reason that the site gives for a failure; `undefined` if it has not failed. */
const arrivalOf = (lines: readonly string[]): string | undefined =>
  lines
    .map((line) => /^__Host-session-arrival=redirect\.failed\.(\w*)/.exec(line)?.[1])
    .find((reason) => reason !== undefined)
