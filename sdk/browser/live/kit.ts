/** What `live.js` is handed by `sdk.js`, which has it already. */
import type { LadderKit } from '../ladder/kit.js'
import type { Client } from '../client.js'

export interface LiveKit extends Pick<
  LadderKit,
  'endpoint' | 'live' | 'tell' | 'post' | 'createBinding' | 'readState'
> {
  readonly client: Pick<Client, 'on' | 'sync'>
  /** A sync, if the last one was not a moment ago. */
  readonly look: () => void
}

export interface LiveModule {
  readonly keepUp: (kit: LiveKit) => void
}
