/** What `live.js` is handed by `sdk.js`, which has it already, and what it gives. */
import type { Bus } from '../bus.js'
import type { LadderKit } from '../ladder/kit.js'
import type { Status } from '../status.js'

export interface LiveKit extends Omit<LadderKit, 'client'> {
  readonly client: {
    readonly status: Status
    readonly on: Bus['on']
    sync(options: { force: boolean }): Promise<Status>
  }
  /** A sync, if the last one was not a moment ago. */
  readonly look: () => void
}

/** The same within `live.js`, which knows when its own questions change a cookie. */
export interface WatchfulKit extends LiveKit {
  /** Resolves when its last question to the backend has been answered. */
  readonly answered: () => Promise<unknown>
}

export interface Live {
  /** From the first sync on: hears what happens elsewhere. */
  keepUp(): void
  signOut(): Promise<boolean>
  forget(options?: { undo?: boolean }): Promise<Status>
}

export interface LiveModule {
  readonly createLive: (kit: LiveKit) => Live
}
