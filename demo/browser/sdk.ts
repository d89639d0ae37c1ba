/** The SDK on this page, and listening to it: either of the two scripts may come first. */
import type { Client, ClientEvents, EventName, Listener } from 'session-hub'

/** The SDK's global; absent where the script could not be loaded. */
export const sdk = (): Client | undefined => (globalThis as { SessionHub?: Client }).SessionHub

/** Who listens by the client is told of what has happened already; before it is there, the same events come to the window. */
export function hear<Name extends EventName>(name: Name, listener: Listener<Name>): void {
  const early = sdk()
  if (early) early.on(name, listener)
  else
    addEventListener(name as string, (event) => {
      listener((event as CustomEvent<ClientEvents[Name]>).detail)
    })
}
