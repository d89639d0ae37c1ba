/** `site.signOut()` */
import { ofCall } from '../../settings/call-options.js'
import { flag } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'

export interface SignOut {
  /** All of the user's sessions end, in every browser. A boolean; of a check box, `form.everywhere === 'on'`. @default false, or what the hub's `endAllOnSignOut` says */
  readonly everywhere?: boolean
}

/** @returns whether the sessions of all browsers are meant @throws SessionHubError `request_invalid` for an option that is wrong */
export const readSignOut = (options: SignOut = {}): boolean =>
  ofCall(() => {
    refuseUnknown('signOut', options, ['everywhere'])
    const { everywhere = false } = options
    return flag('signOut', 'everywhere', everywhere)
  })
