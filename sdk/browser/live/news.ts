/** Whether a visitor may bring news although this site was synced a moment ago: that is, whether the visitor comes from another site. */
import { ofDocument } from '../document.js'
import { recall } from '../memory.js'

/** A visitor who reloads a page wants to see what is new; but a page that reloads itself must not sync each time. */
const RELOAD_MS = 5000

export function mayBringNews(): unknown {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- older browsers lack it
  const { from, navigationType } = window.navigation?.activation ?? {}
  // All browsers have this: 1 is a reload, 2 a way back. Its successor is longer and says no more; a page may have put something else there.
  // eslint-disable-next-line @typescript-eslint/no-deprecated, @typescript-eslint/no-unnecessary-condition -- as above
  const type = window.performance.navigation?.type
  // If nothing is remembered, every page syncs.
  if (type === 1) return Date.now() - (recall().atMs as number) > RELOAD_MS
  const referrer = ofDocument('referrer')
  return (
    // If a page of this site redirected at once, there is no other trace of where the visitor came from.
    (navigationType === 'replace' && from?.url !== location.href) ||
    // The visitor went back, and the browser does not say that it was from this site: the referrer only says where the page was first opened
    // from. Or the previous page hides its address. What came before in this tab is known only if it belonged to this site.
    (!from && (type > 1 || !referrer)) ||
    (referrer && !referrer.startsWith(`${location.origin}/`))
  )
}
