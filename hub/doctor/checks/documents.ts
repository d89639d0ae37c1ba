/** The documents by which a hub describes itself. */
import { hubPaths, protocolVersion } from '../../../sdk/protocol/wire.js'
import { inWords, jsonOf } from '../answer.js'
import type { Finding, Line } from '../findings.js'
import { isFinding, seeOr } from '../reach.js'
import type { Eyes, Sight } from '../sight.js'

/** @param sight the hub's discovery document */
export function discoveryLine(hub: string, sight: Sight): Line {
  return {
    about: hub,
    looked: 'is a hub of this version and this origin',
    findings: discoveryFindings(hub, sight),
  }
}

function discoveryFindings(hub: string, sight: Sight): Finding[] {
  const { issuer, protocol_version: version } = jsonOf(sight) ?? {}
  if (sight.status !== 200 || typeof issuer !== 'string')
    return [{ code: 'hub_not_there', what: inWords(sight) }]
  if (issuer !== hub) return [{ code: 'hub_origin_differs', what: `it calls itself ${issuer}` }]
  if (version !== protocolVersion) {
    const what = `it speaks version ${JSON.stringify(version)}, this command ${protocolVersion}`
    return [{ code: 'protocol_differs', what }]
  }
  return []
}

export async function readyLine(eyes: Eyes, hub: string): Promise<Line> {
  const line = { about: hub, looked: 'says that it can work' }
  const sight = await seeOr(eyes, hub + hubPaths.ready, {}, 'hub_not_ready')
  if (isFinding(sight)) return { ...line, findings: [sight] }
  if (jsonOf(sight)?.['status'] === 'ready') return { ...line, findings: [] }
  if (sight.status >= 500) return { ...line, findings: [{ code: 'hub_not_ready', what: inWords(sight) }] }
  return { ...line, findings: [], skipped: `${hubPaths.ready} is not public here` }
}
