/** The hub's own key. It is kept in a file or in the environment, never in the store (R26). */
import { createSecretKey, type KeyObject } from 'node:crypto'

import { is256Bits } from '../../sdk/protocol/formats.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'

/** What `session-hub keys` writes. */
export interface HubKeys {
  /**
   * 256 bits as base64url, for everything that only the hub itself reads: grants, tags, proofs. Keep it as long as the hub's sessions live: with
   * another secret, the hub knows nothing that browsers and sites hold.
   */
  readonly secret: string
}

/** @throws SessionHubError `options_invalid` */
export function readHubKeys(keys: HubKeys, where = 'keys'): KeyObject {
  refuseUnknown(where, keys, ['secret'])
  if (!is256Bits(keys.secret))
    throw wrong(where, '"secret" has to be 43 base64url characters; "session-hub keys" makes one')
  return createSecretKey(keys.secret, 'base64url')
}
