/** What the SDK has said in this page, for the panel: what happened and why, and nothing about the visitor. */
import type { ClientEvents, EventName } from '../events.js'

export interface Said {
  readonly name: EventName
  readonly atMs: number
  readonly text: string
}

/** No subject and no claims: a panel is open while others look on, and ends up in screenshots. */
const TEXTS: { readonly [Name in EventName]: (detail: ClientEvents[Name]) => string } = {
  'session-replaced': ({ reason, source }) => `${reason}, by ${source}`,
  'session-ended': ({ reason }) => reason,
  'session-conflict': () => 'another user is signed in at the hub',
  synced: ({ outcome, reason }) => [outcome ?? 'not needed', reason].filter(Boolean).join(', '),
  'sync-failed': ({ reason }) => String(reason),
  'access-needed': ({ rungs }) => `left to try: ${rungs.join(', ')}`,
}

const NAMES = Object.keys(TEXTS) as EventName[]

/** By the window: the client may be made after the panel has been opened, and may be closed before. */
export function hear(listener: (said: Said) => void, signal: AbortSignal): void {
  for (const name of NAMES) {
    const tell = <Name extends EventName>(of: Name, detail: ClientEvents[Name]) => {
      listener({ name: of, atMs: Date.now(), text: TEXTS[of](detail) })
    }
    window.addEventListener(name, (event) => tell(name, (event as CustomEvent<never>).detail), { signal })
  }
}
