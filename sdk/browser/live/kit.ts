/** What `live.js` gets from `sdk.js`, which already has it, and what it offers. */
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
  /** Syncs, unless the last sync was a moment ago. */
  readonly look: () => void
  /** A negative value: at once, whether or not the tab is visible. */
  readonly run: (goodForMs: number, by?: Partial<SyncFrame>, choice?: Choice) => Promise<Status>
  /** The sync that is running. */
  readonly running: () => Promise<Status> | undefined
  readonly load: (
    name: 'ladder',
    endpoint: string,
  ) => Promise<{ readonly create: (kit: LadderKit) => Ladder }>
}

/** The same, with what only `live.js` knows: when its own requests change a cookie. */
export interface WatchfulKit extends LiveKit {
  /** Resolves when its last request to the backend has been answered. */
  readonly answered: () => Promise<unknown>
}

/** The arguments that a client passes on, by the names of its methods. */
export interface Given {
  keepUp: []
  arrival: []
  news: []
  signOut: []
  tokenFor: [audience: string]
  resolve: [choice: Choice]
  forget: [options?: { undo?: boolean }]
  requestAccess: [theme?: AccessTheme]
  /** `stop` is aborted by the page, or by the button itself once access is given. */
  accessButton: [stop: AbortController, element?: Element | undefined, theme?: AccessTheme | undefined]
  decorate: [stop: AbortController, ...unknown[]]
  redirect: [options?: { returnTo?: string }]
  explain: []
}

export interface Results {
  /** Keeps up, from the first sync on, with what happens elsewhere. */
  keepUp: undefined
  /** What this site's backend has noted of how the visitor arrived, if anything; once. */
  arrival: Arrival | undefined
  news: unknown
  /** Whether this site's backend could be told. */
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
/** The methods of the ladder, where it is needed. */
export type Climb = Pick<Live, 'accessButton' | 'decorate' | 'requestAccess' | 'redirect' | 'explain'>
