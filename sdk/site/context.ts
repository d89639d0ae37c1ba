/** What a site's endpoints work with. */
import type { Log } from '../settings/log.js'
import type { HubClient } from './hub/client.js'
import type { SiteSettings } from './options.js'
import { createOwnTokens, type OwnTokens } from './endpoints/own-token.js'
import type { Sessions } from './session/index.js'
import type { Storage } from './storage.js'
import type { Visit } from './visit.js'

export interface SiteContext {
  readonly settings: SiteSettings
  readonly hub: HubClient
  readonly sessions: Sessions
  readonly ownTokens: OwnTokens
  readonly storage: Storage
  /** Whether this visitor's session may be shared. What may not be stored may not be shared either. */
  mayShare(visit: Visit): Promise<boolean>
  readonly log: Log
}

export const createContext = (parts: Omit<SiteContext, 'ownTokens' | 'mayShare'>): SiteContext =>
  new OwnContext(parts)

/** A class, because there is one per site, and an application may have thousands. */
class OwnContext implements SiteContext {
  readonly settings: SiteSettings
  readonly hub: HubClient
  readonly sessions: Sessions
  readonly storage: Storage
  readonly log: Log

  constructor({ settings, hub, sessions, storage, log }: Omit<SiteContext, 'ownTokens' | 'mayShare'>) {
    this.settings = settings
    this.hub = hub
    this.sessions = sessions
    this.storage = storage
    this.log = log
  }

  /** Created when a redirect or a link needs them, which is rare. */
  get ownTokens() {
    return createOwnTokens(this.settings, this.storage)
  }

  async mayShare(visit: Visit) {
    return (await this.storage.look(visit)) && this.settings.mayShare(visit)
  }
}
