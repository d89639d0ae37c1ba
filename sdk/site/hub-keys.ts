/** The hub's public keys by `kid` (R9): fetched when needed, kept when the hub gives nonsense. */
import { SessionHubError } from '../protocol/errors.js'
import type { Json } from '../protocol/json.js'
import { logError, type Log } from '../settings/log.js'
import { importVerifyingKey, type KeySet, keySet } from '../tokens/keys.js'
import type { KeyLookup } from '../tokens/verify.js'
import type { HubClient } from './hub-client.js'

/** An unknown `kid` causes at most one fetch in this time, so that a stranger's tickets cannot make us hammer the hub. */
const FETCH_EVERY_MS = 30_000

/** A list this old is read again, so that a key that the hub has retired is trusted no longer. */
const MAX_AGE_MS = 600_000

export function createHubKeys(hub: Pick<HubClient, 'jwks'>, now: () => number, log: Log): KeyLookup {
  let keys: KeySet = new Map()
  let fetching: Promise<void> | undefined
  let lastFetchMs = -Infinity
  let fetchedMs = -Infinity

  async function fetchKeys(): Promise<void> {
    let body
    try {
      body = await hub.jwks()
    } catch (thrown) {
      // A hub that was not reached may be asked again by the next ticket; one that answered with an error may not.
      if (thrown instanceof SessionHubError && thrown.cause !== undefined) lastFetchMs = -Infinity
      throw thrown
    }
    try {
      keys = await readJwks(body.keys)
      fetchedMs = now()
    } catch (cause) {
      log({ level: 'error', event: 'jwks_refused' })
      logError(
        log,
        new SessionHubError('unavailable', 'The keys of the hub cannot be used', { cause }),
        'jwks',
      )
    }
  }

  return async (kid) => {
    const known = keys.get(kid)
    if (known && Math.abs(now() - fetchedMs) < MAX_AGE_MS) return known
    if (!fetching && Math.abs(now() - lastFetchMs) >= FETCH_EVERY_MS) {
      lastFetchMs = now()
      fetching = fetchKeys().finally(() => (fetching = undefined))
    }
    try {
      await fetching
    } catch (thrown) {
      if (!known) throw thrown
      // The old keys stay while the hub cannot be asked.
    }
    return keys.get(kid)
  }
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
