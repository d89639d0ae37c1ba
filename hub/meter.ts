/** What the hub measures while it works (`session-hub/hub/metrics`). No label comes from a request: each has few values. */
import { isPromise } from '../sdk/settings/is-promise.js'
import { type ErrorCode, isErrorCode, toSessionHubError } from '../sdk/protocol/errors.js'
import type { Log } from '../sdk/settings/log.js'
import type { SyncMeter } from './flows/context.js'
import type { RouteName } from './routes/route-name.js'
import type { Store } from './stores/store.js'

export interface HubMeter extends SyncMeter {
  /** The hub has answered a request. For an event stream: the stream has begun. */
  requested(route: RouteName, status: number, seconds: number): void
  /** The hub has told a page, or a visitor whom it sent back, this outcome. For a link: it has given a ticket (`replace`), or none. */
  synced(rung: 'frame' | 'access' | 'redirect' | 'link', outcome: string): void
  /** A site has tried to redeem a ticket. */
  redeemed(result: 'redeemed' | 'refused'): void
  /** A request was refused, or failed. */
  refused(code: ErrorCode): void
  storeAsked(method: string, seconds: number, isFailed: boolean): void
  /** Receives a function that tells at any time how many event streams are open. */
  streams(count: () => number): void
  /** Receives a function that tells how many sessions are live in the whole store; `undefined` while the number is not known. */
  live(count: () => Promise<number | undefined>): void
}

/** A log that counts refusals as they pass through it: each is logged once, wherever it happened. */
export const meteredLog =
  (log: Log, meter: HubMeter): Log =>
  (entry) => {
    const { event, code } = entry
    if ((event === 'request_refused' || event === 'request_failed') && isErrorCode(code)) meter.refused(code)
    log(entry)
  }

/** A store that measures how long each answer takes. */
export const meteredStore = (inner: Store, meter: HubMeter): Store =>
  new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || typeof name !== 'string') return value
      const method = value.bind(target) as (...given: unknown[]) => unknown
      return (...given: unknown[]) => {
        const beganMs = performance.now()
        const done = (isFailed: boolean) => {
          meter.storeAsked(name, (performance.now() - beganMs) / 1000, isFailed)
        }
        const answer = method(...given)
        if (!isPromise(answer)) return answer
        // `finally` would add a promise, and so a turn of the event loop, to every request.
        answer.then(
          () => {
            done(false)
          },
          (thrown: unknown) => {
            // A rule that refuses inside a transaction is no fault of the store.
            done(toSessionHubError(thrown).code === 'unavailable')
          },
        )
        return answer
      }
    },
  })
