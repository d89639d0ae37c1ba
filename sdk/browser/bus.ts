/** Telling the page: on the client and on `window`. */
import type { ClientEvents, EventName, Listener } from './events.js'

export interface Bus {
  readonly tell: <Name extends EventName>(name: Name, detail: ClientEvents[Name]) => void
  /** What a listener that comes late is told. */
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
      // As events, so that a listener that throws is the page's affair and no sync's.
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
