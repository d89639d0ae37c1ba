/** The documents by which a hub describes itself. */
import { isJsonObject } from '../../../sdk/protocol/json.js'
import { hubPaths, protocolVersion } from '../../../sdk/protocol/wire.js'
import { inWords, jsonOf } from '../answer.js'
import type { Finding, Line } from '../findings.js'
import { isFinding, seeOr } from '../reach.js'
import type { Eyes, Sight } from '../sight.js'

/** @param sight its discovery document */
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

export async function keysLine(eyes: Eyes, hub: string): Promise<Line> {
  const sight = await seeOr(eyes, hub + hubPaths.jwks, {}, 'keys_unusable')
  return {
    about: hub,
    looked: 'publishes its keys, and no cache keeps them for long',
    findings: isFinding(sight) ? [sight] : keysFindings(sight),
  }
}

/** Twelve times of what the hub says itself. */
const LONGEST_SECONDS = 3600

function keysFindings(sight: Sight): Finding[] {
  const keys = jsonOf(sight)?.['keys']
  const isKey = (key: unknown) => isJsonObject(key) && typeof key['kid'] === 'string'
  if (sight.status !== 200 || !Array.isArray(keys) || keys.length === 0 || !keys.every(isKey))
    return [{ code: 'keys_unusable', what: inWords(sight) }]
  const caching = sight.header('cache-control') ?? ''
  const ages = [...caching.matchAll(/\b(?:s-maxage|max-age)=(\d+)/gi)].map(([, seconds]) => Number(seconds))
  const longest = Math.max(0, Number(sight.header('age') ?? 0), ...ages)
  return longest > LONGEST_SECONDS
    ? [{ code: 'keys_cached_long', what: `they may be up to ${longest} seconds old` }]
    : []
}

export async function readyLine(eyes: Eyes, hub: string): Promise<Line> {
  const line = { about: hub, looked: 'says that it can work' }
  const sight = await seeOr(eyes, hub + hubPaths.ready, {}, 'hub_not_ready')
  if (isFinding(sight)) return { ...line, findings: [sight] }
  if (jsonOf(sight)?.['status'] === 'ready') return { ...line, findings: [] }
  if (sight.status >= 500) return { ...line, findings: [{ code: 'hub_not_ready', what: inWords(sight) }] }
  return { ...line, findings: [], skipped: `${hubPaths.ready} is not public here` }
}
