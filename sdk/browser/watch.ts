/** When a page looks again without being told to. */
import { readState, STATE_COOKIE } from './cookies.js'
import { recall } from './memory.js'

/** @param look the tab is looked at again, or not any more; or this site's session has changed */
export function watch(look: () => void): void {
  document.addEventListener('visibilitychange', look)
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) look()
  })
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- older browsers lack it
  globalThis.cookieStore?.addEventListener('change', ({ changed, deleted }) => {
    const isOurs = [...changed, ...deleted].some(({ name }) => name === STATE_COOKIE)
    if (isOurs && readState() !== recall().state) look()
  })
}
