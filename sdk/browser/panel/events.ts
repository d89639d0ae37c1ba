/** The SDK's events in this page, for the panel: what happened and why, and nothing about the visitor. */
import type { ClientEvents, EventName } from '../events.js'

export interface Said {
  readonly name: EventName
  readonly atMs: number
  readonly text: string
}

/** No subject and no claims, because others may see an open panel, and it may end up in screenshots. */
const TEXTS: { readonly [Name in EventName]: (detail: ClientEvents[Name]) => string } = {
  'session-replaced': ({ reason, source }) => `${reason}, by ${source}`,
  'session-ended': ({ reason }) => reason,
  'session-conflict': () => 'another user is signed in at the hub',
  synced: ({ outcome, reason }) => [outcome ?? 'not needed', reason].filter(Boolean).join(', '),
  'sync-failed': ({ reason }) => String(reason),
  'access-needed': ({ rungs }) => `left to try: ${rungs.join(', ')}`,
}

const NAMES = Object.keys(TEXTS) as EventName[]

/** Listens on the window, because the client may be created after the panel has opened, and closed before it. */
export function hear(listener: (said: Said) => void, signal: AbortSignal): void {
  for (const name of NAMES) {
    const tell = <Name extends EventName>(of: Name, detail: ClientEvents[Name]) => {
      listener({ name: of, atMs: Date.now(), text: TEXTS[of](detail) })
    }
    window.addEventListener(name, (event) => tell(name, (event as CustomEvent<never>).detail), { signal })
  }
}
