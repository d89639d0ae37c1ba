/** The names by which an administrator knows sessions: an id never leaves the hub, and nobody can make a name from an id. */
import type { KeyObject } from 'node:crypto'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isRef } from '../../sdk/protocol/formats.js'
import { wrapUnder } from '../../sdk/tokens/wrap.js'

export const refOf = (secret: KeyObject, id: string): string => wrapUnder(secret, 'session').wrap(id)

/** @throws SessionHubError `request_invalid` */
export function idOf(secret: KeyObject, ref: string): string {
  try {
    // The cipher itself accepts empty text and ignores what follows the end.
    if (isRef(ref)) return wrapUnder(secret, 'session').unwrap(ref)
  } catch (cause) {
    throw wrong(cause)
  }
  throw wrong()
}

const wrong = (cause?: unknown) =>
  new SessionHubError('request_invalid', 'A "ref" has to be one that this hub has listed', { cause })
