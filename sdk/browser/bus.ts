/** Telling the page: on the client and on `window`. */
import type { ClientEvents, EventName, Listener } from './events.js'

export interface Bus {
  readonly tell: <Name extends EventName>(name: Name, detail: ClientEvents[Name]) => void
  /** The browser does not block any more: who listens from now on is not told of it. */
  readonly unsayAccess: () => void
  readonly on: <Name extends EventName>(name: Name, listener: Listener<Name>) => () => void
}

export function createBus(): Bus {
  const bus = new window.EventTarget()
  const said: { [Name in EventName]?: Promise<ClientEvents[Name]> | undefined } = {}
  return {
    tell(name, detail) {
      said[name] = Promise.resolve(detail) as (typeof said)[typeof name]
      // As events, so that a listener that throws is the page's affair and no sync's.
      bus.dispatchEvent(new window.CustomEvent(name, { detail }))
      window.dispatchEvent(new window.CustomEvent(name, { detail }))
    },
    unsayAccess() {
      said['access-needed'] = undefined
    },
    on(name, listener) {
      const hear = (event: Event) => {
        listener((event as CustomEvent<ClientEvents[typeof name]>).detail)
      }
      bus.addEventListener(name, hear)
      void said[name]?.then(listener)
      return () => {
        bus.removeEventListener(name, hear)
      }
    },
  }
}
