/** Tells the page: on the client and on `window`. */
import type { ClientEvents, EventName, Listener } from './events.js'

export interface Bus {
  readonly tell: <Name extends EventName>(name: Name, detail: ClientEvents[Name]) => void
  /** The last detail of each event, for listeners that come late. */
  readonly said: Said
  readonly on: <Name extends EventName>(name: Name, listener: Listener<Name>) => () => void
}

type Said = { [Name in EventName]?: Promise<ClientEvents[Name]> | undefined }

export function createBus(): Bus {
  const bus = new window.EventTarget()
  const said: Said = {}
  return {
    said,
    tell(name, detail) {
      said[name] = Promise.resolve(detail) as (typeof said)[typeof name]
      // Sent as events, so that a listener that throws is the page's problem and does not break a sync.
      for (const target of [bus, window]) target.dispatchEvent(new window.CustomEvent(name, { detail }))
    },
    on(name, listener) {
      const hear = (event: Event) => listener((event as CustomEvent<ClientEvents[typeof name]>).detail)
      bus.addEventListener(name, hear)
      void said[name]?.then(listener)
      return () => bus.removeEventListener(name, hear)
    },
  }
}
