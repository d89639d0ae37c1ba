/** If the hub or this site's backend is overloaded (`Retry-After`), the page syncs soon afterwards, without adding to the load. */
import { recall, remember } from '../memory.js'
import type { LiveKit } from './kit.js'

/** If a server asks for a longer pause, it is asked again after this time. */
const MOST_MS = 60_000
/** Each wait in a row is twice as long as the last. After this many the page gives up until somebody looks at it again. */
const MOST = 5

export function comeBack({ on, run, signal }: LiveKit): void {
  let waits = 0
  let timer: number | undefined
  const goOn = () => {
    timer = undefined
    remember({ ...recall(), waitMs: null, atMs: 0 })
    void run(0)
  }
  const look = () => {
    const { waitMs, atMs = 0 } = recall()
    if (!waitMs) waits = 0
    else if (!timer && waits < MOST) {
      const leftMs = Math.min(waitMs * 2 ** waits, MOST_MS) - Math.abs(Date.now() - atMs)
      // Up to half as long again, so that not all pages come back at the same moment.
      timer = window.setTimeout(goOn, leftMs * (1 + Math.random() / 2))
      waits += 1
    }
  }
  on('synced', look)
  on('sync-failed', look)
  signal.addEventListener('abort', () => {
    window.clearTimeout(timer)
  })
}
