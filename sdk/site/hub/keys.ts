/** The hub's public keys by `kid` (R9): fetched when needed, kept when the hub gives nonsense. */
import { SessionHubError } from '../../protocol/errors.js'
import type { Json } from '../../protocol/json.js'
import { logError, type Log } from '../../settings/log.js'
import { createKeyList } from '../../tokens/key-list.js'
import { importVerifyingKey, type KeySet, keySet } from '../../tokens/keys.js'
import type { KeyLookup } from '../../tokens/verify.js'
import type { HubLine } from './line.js'

export function createHubKeys(hub: Pick<HubLine, 'jwks'>, now: () => number, log: Log): KeyLookup {
  const find = createKeyList(async () => {
    const body = await hub.jwks()
    try {
      return await readJwks(body.keys)
    } catch (cause) {
      const refused = new SessionHubError('unavailable', 'The keys of the hub cannot be used', { cause })
      log({ level: 'error', event: 'jwks_refused' })
      logError(log, refused, 'jwks')
      throw refused
    }
  })
  return (kid) => find(kid, now())
}

async function readJwks(list: Json | undefined): Promise<KeySet> {
  if (!Array.isArray(list) || list.length === 0 || list.length > 32) {
    throw new SessionHubError('unavailable', 'A JWK Set has to list 1 to 32 keys')
  }
  const named = await Promise.all(
    (list as readonly Json[]).map((jwk) => importVerifyingKey(jwk, 'the keys of the hub')),
  )
  return keySet(named, 'the keys of the hub')
}
