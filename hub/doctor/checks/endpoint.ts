/** Whether the endpoints of the site are where the page looks for them. */
import { sitePaths } from '../../../sdk/protocol/wire.js'
import { inWords, jsonOf } from '../answer.js'
import type { Line } from '../findings.js'
import { isFinding, seeOr } from '../reach.js'
import type { Eyes } from '../sight.js'

export async function endpointLine(eyes: Eyes, site: string, endpoint: string): Promise<Line> {
  const line = { about: site, looked: `has its endpoints below ${endpoint}` }
  // What a page says is written behind the site's origin, and could make another one of it.
  if (!endpoint.startsWith('/'))
    return { ...line, findings: [{ code: 'endpoint_not_there', what: `"${endpoint}" is no path` }] }
  const sight = await seeOr(eyes, site + endpoint + sitePaths.jwks, {}, 'endpoint_not_there')
  if (isFinding(sight)) return { ...line, findings: [sight] }
  const isThere = sight.status === 200 && Array.isArray(jsonOf(sight)?.['keys'])
  return { ...line, findings: isThere ? [] : [{ code: 'endpoint_not_there', what: inWords(sight) }] }
}
