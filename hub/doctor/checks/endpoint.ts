/** Checks whether the endpoints of the site are where the page looks for them. */
import { sitePaths } from '../../../sdk/protocol/wire.js'
import { inWords, jsonOf } from '../answer.js'
import type { Finding, Line } from '../findings.js'
import { isFinding, seeOr } from '../reach.js'
import type { Eyes, Sight } from '../sight.js'

export async function endpointLine(eyes: Eyes, site: string, endpoint: string): Promise<Line> {
  const line = { about: site, looked: `has its endpoints below ${endpoint}` }
  // The value comes from a page and is appended to the site's origin. Without a slash it could change the origin.
  if (!endpoint.startsWith('/'))
    return { ...line, findings: [{ code: 'endpoint_not_there', what: `"${endpoint}" is no path` }] }
  const sight = await seeOr(eyes, site + endpoint + sitePaths.jwks, {}, 'endpoint_not_there')
  if (isFinding(sight)) return { ...line, findings: [sight] }
  const isThere = sight.status === 200 && Array.isArray(jsonOf(sight)?.['keys'])
  if (!isThere) return { ...line, findings: [{ code: 'endpoint_not_there', what: inWords(sight) }] }
  return { ...line, findings: cacheFindings(sight) }
}

/** How long anybody may cache what the site says about its keys. */
const SECONDS = 300

function cacheFindings({ header }: Sight): Finding[] {
  const said = header('cache-control') ?? ''
  const age = Number(header('age') ?? 0)
  if (age > SECONDS) return [{ code: 'jwks_cache', what: `the keys have been kept for ${age} seconds` }]
  // A shared cache uses the first of the two.
  const seconds = Number((/\bs-maxage=(\d+)/i.exec(said) ?? /\bmax-age=(\d+)/i.exec(said))?.[1] ?? 0)
  const isKept = seconds > 0 && seconds <= SECONDS && !/no-store|no-cache|private/i.test(said)
  return isKept ? [] : [{ code: 'jwks_cache', what: `the keys have "Cache-Control: ${said}"` }]
}
