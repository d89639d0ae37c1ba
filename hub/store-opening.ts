/** A store whose server may still be starting: the hub begins, and answers `unavailable` until the store is open (R21). */
import { setTimeout as delay } from 'node:timers/promises'

import { SessionHubError } from '../sdk/protocol/errors.js'
import { type Log, reasonOf } from '../sdk/settings/log.js'
import { boundMethodsOf } from './bound-methods.js'
import type { Store } from './stores/store.js'

export interface OpeningStore {
  /** Answers `unavailable` until the store is open. */
  readonly store: Store
  /** @throws what the last try threw */
  readonly opened: Promise<Store>
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000

/** Tries to open the store for this long while its server does not answer. Any other fault is final, because waiting does not help. */
export function openStore(open: () => Promise<Store>, waitMs: number, log: Log): OpeningStore {
  const endMs = performance.now() + waitMs
  const stopped = new AbortController()
  const isStopped = () => stopped.signal.aborted
  let methodOf: ReturnType<typeof boundMethodsOf> | undefined

  async function attempt(): Promise<Store> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      if (isStopped()) throw closed()
      try {
        const store = await open()
        if (!isStopped()) {
          methodOf = boundMethodsOf(store)
          return store
        }
        await store.close()
        throw closed()
      } catch (thrown) {
        const isOver = performance.now() + pauseMs > endMs || isStopped()
        if (isOver || !isAway(thrown)) throw thrown
        if (pauseMs === FIRST_PAUSE_MS)
          log({ level: 'warn', event: 'store_waiting', description: reasonOf(thrown) })
      }
      await delay(pauseMs, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined)
    }
  }

  const opened = attempt()
  const refuse = () => Promise.reject(new SessionHubError('unavailable', 'The session store is not open yet'))
  const store = new Proxy({} as Store, {
    get(_target, name) {
      if (methodOf) return methodOf(name)
      if (name === 'durability' || name === 'waitedMs') return undefined
      if (name !== 'close') return refuse
      return () => {
        stopped.abort()
        return Promise.resolve()
      }
    },
  })
  return { store, opened }
}

const closed = () => new SessionHubError('unavailable', 'The hub was closed before its store was open')

/** A fault that names the place in a configuration has the original fault as its cause. */
function isAway(thrown: unknown): boolean {
  if (!(thrown instanceof SessionHubError)) return false
  const { code, cause } = thrown
  return code === 'unavailable' || (cause instanceof SessionHubError && cause.code === 'unavailable')
}
