/** When a page looks again without being told to. */
import { STATE_COOKIE } from '../cookies.js'
import { recall } from '../memory.js'
import { askBackend } from './backend.js'
import type { LiveKit } from './kit.js'

/** As often as the frame is asked, at most. */
const LOOK_MS = 2000

export function watch(kit: LiveKit): void {
  const { client, tell, readState } = kit
  let askedAtMs = 0

  function look(): void {
    kit.look()
    const isDue = !document.hidden && Date.now() - askedAtMs > LOOK_MS
    if (!isDue || !client.status.isBlocked || !readState()) return
    askedAtMs = Date.now()
    void askBackend(kit)
  }

  document.addEventListener('visibilitychange', look)

  let left = ''
  addEventListener('pagehide', () => {
    left = readState()
  })
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return
    // It comes out of the back/forward cache as it was, whatever this site's other pages have done meanwhile: signed out, perhaps.
    const state = readState()
    if (state !== left)
      if (state) tell('session-replaced', { reason: 'other-page', source: 'page', signedIn: null })
      else tell('session-ended', { reason: 'unknown' })
    look()
  })

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- older browsers lack it
  globalThis.cookieStore?.addEventListener('change', ({ changed, deleted }) => {
    const isOurs = [...changed, ...deleted].some(({ name }) => name === STATE_COOKIE)
    if (isOurs && readState() !== recall().state) kit.look()
  })
}
