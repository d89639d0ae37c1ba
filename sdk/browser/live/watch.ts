/** When a page looks again without being told to. */
import { STATE_COOKIE } from '../cookies.js'
import { recall } from '../memory.js'
import type { LiveKit } from './kit.js'

export function watch({ look, tell, readState }: LiveKit): void {
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
    if (isOurs && readState() !== recall().state) look()
  })
}
