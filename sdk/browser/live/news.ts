/** Whether a visitor for whom this site was synced a moment ago may bring news all the same: comes from another site, that is. */
import { ofDocument } from '../document.js'
import { recall } from '../memory.js'

/** Who reloads a page wants to see what is new; but not the page that does so by itself. */
const RELOAD_MS = 5000

export function mayBringNews(): unknown {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- older browsers lack it
  const { from, navigationType } = window.navigation?.activation ?? {}
  // They all have this: 1 is a reload, 2 a way back. Its successor is longer and says no more; a page may have put something else there.
  // eslint-disable-next-line @typescript-eslint/no-deprecated, @typescript-eslint/no-unnecessary-condition -- as above
  const type = window.performance.navigation?.type
  // Where nothing is remembered, every page syncs.
  if (type === 1) return Date.now() - (recall().atMs as number) > RELOAD_MS
  const referrer = ofDocument('referrer')
  return (
    // A page of this site that led on at once leaves no other trace of where the visitor came from.
    (navigationType === 'replace' && from?.url !== location.href) ||
    // Back, and not from this site as far as the browser says: where the page first came from says nothing of that. Nor does a page that
    // hides its address. What came before in this tab is known only if it was this site's.
    (!from && (type > 1 || !referrer)) ||
    (referrer && !referrer.startsWith(`${location.origin}/`))
  )
}
