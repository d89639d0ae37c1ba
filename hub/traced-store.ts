/** A store that records a span for each answer, within the request that the answer is for. */
import type { Traces } from '../sdk/settings/traces.js'
import type { Store } from './stores/store.js'

export const tracedStore = (inner: Store, traces: Traces): Store =>
  new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || typeof name !== 'string') return value
      // Every method of a store returns a promise.
      const method = value.bind(target) as (...given: unknown[]) => Promise<unknown>
      return (...given: unknown[]) => traces.span({ kind: 'store', name }, () => method(...given))
    },
  })
