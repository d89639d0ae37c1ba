/** What the session room works with. Nobody outside of it needs any of this. */
import type { KeptWith } from '../../http/kept-with.js'
import type { EndBody } from '../../protocol/bodies.js'
import type { Log } from '../../settings/log.js'
import type { HubClient } from '../hub/client.js'
import type { SiteSettings } from '../options.js'
import type { Storage } from '../storage.js'
import type { Carrier } from './carrier.js'
import type { Endings } from './endings.js'
import type { KnownSessions } from './known-sessions.js'
import type { TellMisuse } from './misuse.js'
import type { Posted } from './posted.js'
import type { Provisional } from './provisional.js'
import type { Followers } from './followers.js'
import type { Renewals } from './renewals.js'
import type { HeldSession } from './held-session.js'
import type { Superseded } from './superseded.js'
import type { SessionTokens } from './token.js'
import type { TokenContent } from './token-content.js'
import type { TakeTurn } from './turns.js'
import type { WaitingEnds } from './waiting-ends.js'

export interface SessionParts {
  readonly settings: SiteSettings
  readonly hub: HubClient
  readonly tokens: SessionTokens
  readonly content: TokenContent
  readonly renewals: Renewals
  readonly carrier: Carrier
  readonly provisional: Provisional
  readonly posted: Posted
  readonly storage: Storage
  readonly takeTurn: TakeTurn
  readonly superseded: Superseded
  readonly endings: Endings
  readonly followers: Followers
  /** `undefined` where the application does not want to hear of ends. */
  readonly known: KnownSessions | undefined
  /** From now on this process wants to know at once what ends. */
  readonly listen: () => void
  /** Whether this process hears at this moment what ends. */
  readonly isListening: () => boolean
  /** Tells the hub that a session is over, at once or later. @returns whether nothing of it waits */
  readonly tellEnd: (end: EndBody) => Promise<boolean>
  readonly waitingEnds: WaitingEnds
  /** What was loaded, by the server's own request. */
  readonly loaded: KeptWith<HeldSession>
  readonly misuse: TellMisuse
  readonly log: Log
}
