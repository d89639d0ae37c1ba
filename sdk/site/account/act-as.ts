/** `site.actAs()`: the application has verified that the signed-in administrator may see the site as this user does. */
import type { GivenClaims } from '../../protocol/app-types.js'
import { SessionHubError } from '../../protocol/errors.js'
import { isReason } from '../../protocol/fields.js'
import { limits } from '../../protocol/wire.js'
import { ofCall } from '../../settings/call-options.js'
import { whole } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'
import type { As } from '../session/index.js'
import { readUser } from './sign-in.js'

export interface ActAs {
  /** The user whose view of the site is shown; 1 to 255 bytes. */
  readonly subject: string
  /** What the site knows of that user, as in `signIn`; at most 1 KiB as JSON. @default {} */
  readonly claims?: GivenClaims
  /** The reason, for the hub's audit: 1 to 200 characters. */
  readonly reason: string
  /** The longest time, in minutes: 1 to 480. @default 30 */
  readonly minutes?: number
}

const { min, max, default: usual } = limits.actingSeconds

/** @throws SessionHubError `request_invalid`, `data_too_large` */
export function readActAs(as: ActAs): As {
  ofCall(() => {
    refuseUnknown('actAs', as, ['subject', 'claims', 'reason', 'minutes'])
  })
  const { reason, minutes = usual / 60 } = as
  const user = readUser('actAs', as)
  if (!isReason(reason))
    throw new SessionHubError(
      'request_invalid',
      `actAs: "reason" has to be a text of 1 to ${limits.reasonLength} characters in one line`,
    )
  const seconds = ofCall(() => whole('actAs', 'minutes', minutes, { min: min / 60, max: max / 60 })) * 60
  return { ...user, reason, seconds }
}
