/** What the files of this folder work with. Nobody outside needs any of this. */
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
  /** `undefined` if the application does not want to know of ends. */
  readonly known: KnownSessions | undefined
  /** From now on this process has to learn at once what ends. */
  readonly listen: () => void
  /** Whether this process learns at this moment what ends. */
  readonly isListening: () => boolean
  /** Tells the hub that a session has ended, at once or later. @returns whether the end is settled, so that nothing waits */
  readonly tellEnd: (end: EndBody) => Promise<boolean>
  readonly waitingEnds: WaitingEnds
  /** The loaded sessions, by the server's own request. */
  readonly loaded: KeptWith<HeldSession>
  readonly misuse: TellMisuse
  readonly log: Log
}
