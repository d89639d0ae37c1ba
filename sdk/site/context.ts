/** The parts that a site's endpoints and sessions share. */
import type { Log } from '../settings/log.js'
import type { KeyLookup } from '../tokens/verify.js'
import type { Carrier } from './carrier.js'
import type { Endings } from './endings.js'
import type { EventStream } from './event-stream.js'
import type { HubClient } from './hub-client.js'
import type { SiteSettings } from './options.js'
import type { OwnTokens } from './own-token.js'
import type { PendingEnds } from './pending-ends.js'
import type { Posted } from './posted.js'
import type { Provisional } from './provisional.js'
import type { SessionTokens } from './session-token.js'
import type { Renewals } from './renewals.js'
import type { Superseded } from './superseded.js'
import type { TokenContent } from './token-content.js'
import type { TakeTurn } from './turns.js'

export interface SiteContext {
  readonly settings: SiteSettings
  readonly hub: HubClient
  readonly hubKeys: KeyLookup
  readonly tokens: SessionTokens
  readonly content: TokenContent
  readonly renewals: Renewals
  readonly carrier: Carrier
  readonly ownTokens: OwnTokens
  readonly provisional: Provisional
  readonly pending: PendingEnds
  readonly posted: Posted
  readonly takeTurn: TakeTurn
  readonly superseded: Superseded
  readonly endings: Endings
  readonly events: EventStream
  readonly log: Log
}
