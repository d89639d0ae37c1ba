/** When a page looks again without being told to. */
import { STATE_COOKIE } from '../cookies.js'
import { recall } from '../memory.js'
import { askBackend } from './backend.js'
import type { WatchfulKit } from './kit.js'

/** At most as often as the frame is asked. */
const LOOK_MS = 2000
const LAG_MS = 50

export function watch(kit: WatchfulKit): void {
  const { client, signal, tell, readState } = kit
  let askedAtMs = 0

  function look(): void {
    kit.look()
    const isDue = (document.hidden as unknown) !== true && Date.now() - askedAtMs > LOOK_MS
    if (!isDue || !client.status.isBlocked || !readState()) return
    askedAtMs = Date.now()
    void askBackend(kit)
  }

  window.addEventListener('visibilitychange', look, { signal, capture: true })

  let left = ''
  window.addEventListener('pagehide', () => (left = readState()), { signal })
  const onShow = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return
    // The page comes out of the back/forward cache unchanged, whatever this site's other pages have done in the meantime, such as signing out.
    const state = readState()
    if (state !== left)
      if (state) tell('session-replaced', { reason: 'other-page', source: 'page', signedIn: null })
      else tell('session-ended', { reason: 'unknown' })
    look()
  }
  window.addEventListener('pageshow', onShow, { signal })

  let said: string | undefined
  /**
   * Looks once `document.cookie` shows what the event has announced, because it may lag behind. It does not wait for ever, nor beyond the next event.
   */
  function believe(state: string, patience: number): void {
    if (state !== said) return
    if (patience && readState() !== state) window.setTimeout(believe, LAG_MS, state, patience - 1)
    else if (state !== recall().state) kit.look()
  }
  function heed(cookie?: CookieListItem | null): void {
    const { value = '' } = cookie ?? {}
    said = value
    // If this page's own request changed the cookie, its answer tells; and a sync that is running looks by itself if it can.
    void kit
      .answered()
      .then(() => kit.running())
      .then((status) => {
        if (status?.outcome !== 'failed') believe(value, 40)
      })
      // If cookies are off, nothing is remembered either (`recall`).
      .catch(() => 0)
  }

  const { cookieStore } = window as Partial<typeof window>
  cookieStore?.addEventListener('change', ({ changed, deleted }) => {
    const isState = ({ name }: CookieListItem) => name === STATE_COOKIE
    const cookie = changed.find(isState) ?? deleted.find(isState)
    if (cookie) heed(cookie)
  })
  // A sync may have ended before this file was loaded, and the cookie may have changed since then: no later end of a sync would notice it.
  if (!kit.running() && client.status.outcome !== 'failed') cookieStore?.get(STATE_COOKIE).then(heed, () => 0)
}
