/** What `live.js` is handed by `sdk.js`, which has it already, and what it gives. */
import type { Choice } from '../../protocol/wire.js'
import type { Bus } from '../bus.js'
import type { AccessTheme, Ladder, LadderKit } from '../ladder/kit.js'
import type { Status } from '../status.js'
import type { SyncFrame } from '../sync.js'
import type { Arrival } from './arrival.js'

export interface LiveKit extends Omit<LadderKit, 'syncBy'>, Bus {
  readonly client: {
    readonly status: Status
    sync(options: { force: boolean }): Promise<Status>
  }
  /** A sync, if the last one was not a moment ago. */
  readonly look: () => void
  /** Negative: at once, whether or not anybody looks. */
  readonly run: (goodForMs: number, by?: Partial<SyncFrame>, choice?: Choice) => Promise<Status>
  /** The sync that is running. */
  readonly running: () => Promise<Status> | undefined
  readonly load: (
    name: 'ladder',
    endpoint: string,
  ) => Promise<{ readonly create: (kit: LadderKit) => Ladder }>
}

/** The same within `live.js`, which knows when its own questions change a cookie. */
export interface WatchfulKit extends LiveKit {
  /** Resolves when its last question to the backend has been answered. */
  readonly answered: () => Promise<unknown>
}

/** What a client hands on, as it is called there. */
export interface Given {
  keepUp: []
  arrival: []
  news: []
  signOut: []
  tokenFor: [audience: string]
  resolve: [choice: Choice]
  forget: [options?: { undo?: boolean }]
  requestAccess: [theme?: AccessTheme]
  /** By the page, or by the button itself when there is access, it is stopped. */
  accessButton: [stop: AbortController, element?: Element | undefined, theme?: AccessTheme | undefined]
  decorate: [stop: AbortController, ...unknown[]]
  redirect: [options?: { returnTo?: string }]
  explain: []
}

export interface Results {
  /** From the first sync on: hears what happens elsewhere. */
  keepUp: undefined
  /** What this site's backend has said of how the visitor came here, if it has; once. */
  arrival: Arrival | undefined
  news: unknown
  /** Whether this site could be told. */
  signOut: boolean
  tokenFor: string | undefined
  resolve: Status
  forget: Status
  requestAccess: Status
  accessButton: undefined
  decorate: undefined
  redirect: unknown
  explain: string
}

export type Live = { readonly [Name in keyof Given]: (...given: Given[Name]) => Promise<Results[Name]> }
/** The ladder's own, where it is needed. */
export type Climb = Pick<Live, 'accessButton' | 'decorate' | 'requestAccess' | 'redirect' | 'explain'>
