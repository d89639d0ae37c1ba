/** What a site's endpoints work with. */
import type { Log } from '../settings/log.js'
import type { KeyLookup } from '../tokens/verify.js'
import type { HubClient } from './hub/client.js'
import type { SiteSettings } from './options.js'
import type { OwnTokens } from './endpoints/own-token.js'
import type { Sessions } from './session/index.js'

export interface SiteContext {
  readonly settings: SiteSettings
  readonly hub: HubClient
  readonly hubKeys: KeyLookup
  readonly sessions: Sessions
  readonly ownTokens: OwnTokens
  readonly log: Log
}
