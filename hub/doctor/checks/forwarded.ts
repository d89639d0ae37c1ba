/** Checks whether a visitor can forge what only a proxy may say: `X-Forwarded-For`, `-Host` and `-Proto` (`trust proxy`). */
import { exchangeHeader, doctorProbe, hubPaths, sitePaths } from '../../../sdk/protocol/wire.js'
import type { Finding, Line } from '../findings.js'
import { isFinding, redirectOf, seeOr } from '../reach.js'
import type { Eyes, Sight } from '../sight.js'
import { ownPost } from './own-posts.js'

/** Nobody can have this name (RFC 2606), so a page that repeats it has taken it from the header. */
const FORGED_HOST = 'made-up-by-the-doctor.invalid'

const probed = { [doctorProbe.asks]: '1', 'x-forwarded-for': doctorProbe.address }

export const hubAddressLine = (eyes: Eyes, hub: string) =>
  addressLine(eyes, hub, hub + hubPaths.unlock, ownPost(hub, { ...probed, [exchangeHeader]: '1' }))

export const siteAddressLine = (eyes: Eyes, site: string, endpoint: string) =>
  addressLine(eyes, site, site + endpoint + sitePaths.sisters, ownPost(site, probed))

async function addressLine(
  eyes: Eyes,
  about: string,
  url: string,
  ask: ReturnType<typeof ownPost>,
): Promise<Line> {
  const line = { about, looked: 'counts each visitor by their own address' }
  const sight = await seeOr(eyes, url, ask, 'post_blocked')
  // A firewall may refuse such an address, and that is fine.
  if (isFinding(sight)) return { ...line, findings: [], skipped: sight.what }
  const word = sight.header(doctorProbe.answers)
  if (word === undefined) return { ...line, findings: [], skipped: 'it does not say by which one' }
  return { ...line, findings: findingsOf(word) }
}

function findingsOf(word: string): Finding[] {
  if (word === 'forged')
    return [{ code: 'trust_proxy_too_wide', what: `it believes "X-Forwarded-For: ${doctorProbe.address}"` }]
  if (word === 'proxy')
    return [{ code: 'trust_proxy_missing', what: 'it counts this request by the address of a proxy' }]
  return []
}

/** @param seen the page, requested without such headers */
export async function hostLine(eyes: Eyes, site: string, seen: Sight): Promise<Line> {
  const line = { about: site, looked: 'makes no address of what a visitor writes' }
  const isSecure = site.startsWith('https:')
  const headers = {
    accept: 'text/html,application/json;q=0.9,*/*;q=0.8',
    'x-forwarded-host': FORGED_HOST,
    ...(isSecure && { 'x-forwarded-proto': 'http' }),
  }
  const sight = await seeOr(eyes, seen.url, { headers }, 'page_unreadable')
  if (isFinding(sight)) return { ...line, findings: [], skipped: sight.what }
  const to = redirectOf(sight)
  const isRepeated = sight.text.includes(FORGED_HOST) || to?.hostname === FORGED_HOST
  const isLedOn = isSecure && to !== undefined && redirectOf(seen) === undefined && to.origin === site
  const believed = [
    ...(isRepeated ? [`"X-Forwarded-Host: ${FORGED_HOST}"`] : []),
    ...(isLedOn ? ['"X-Forwarded-Proto: http"'] : []),
  ]
  const what = `its page believes ${believed.join(' and ')}`
  return { ...line, findings: believed.length > 0 ? [{ code: 'forwarded_host_believed', what }] : [] }
}
