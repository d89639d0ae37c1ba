/** The SDK on this page, and how to listen to it. Either of the two scripts may load first. */
import type { Client, ClientEvents, EventName, Listener } from 'session-hub'

/** The SDK's global; absent if the script could not be loaded. */
export const sdk = (): Client | undefined => (globalThis as { SessionHub?: Client }).SessionHub

/** A listener of the client is told about earlier events. Before the client exists, the window gets the same events. */
export function hear<Name extends EventName>(name: Name, listener: Listener<Name>): void {
  const early = sdk()
  if (early) early.on(name, listener)
  else
    addEventListener(name as string, (event) => {
      listener((event as CustomEvent<ClientEvents[Name]>).detail)
    })
}
