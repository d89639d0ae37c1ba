/** What a site's endpoints work with. */
import type { Log } from '../settings/log.js'
import type { HubClient } from './hub/client.js'
import type { SiteSettings } from './options.js'
import type { OwnTokens } from './endpoints/own-token.js'
import type { Sessions } from './session/index.js'
import type { Storage } from './storage.js'
import type { Visit } from './visit.js'

export interface SiteContext {
  readonly settings: SiteSettings
  readonly hub: HubClient
  readonly sessions: Sessions
  readonly ownTokens: OwnTokens
  readonly storage: Storage
  /** Whether this visitor's session may be shared: nothing is that may not even be stored. */
  readonly mayShare: (visit: Visit) => Promise<boolean>
  readonly log: Log
}
