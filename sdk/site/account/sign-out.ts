/** `site.signOut()` */
import { ofCall } from '../../settings/call-options.js'
import { flag } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'

export interface SignOut {
  /**
   * Whether all of the user's sessions end, in every browser. A boolean; for a check box, `form.everywhere === 'on'`.
   *
   * @default false, or what the hub's `endAllOnSignOut` says
   */
  readonly everywhere?: boolean
}

/** @returns whether the sessions in all browsers end @throws SessionHubError `request_invalid` for a wrong option */
export const readSignOut = (options: SignOut = {}): boolean =>
  ofCall(() => {
    refuseUnknown('signOut', options, ['everywhere'])
    const { everywhere = false } = options
    return flag('signOut', 'everywhere', everywhere)
  })
