/** Whether a visitor for whom this site was synced a moment ago may bring news all the same: comes from another site, that is. */
import { ofDocument } from '../document.js'
import { recall } from '../memory.js'

/**
 * What browsers without the Navigation API say. `back_forward` does not tell whether the visitor comes back from another site, so it counts as a
 * reload. A page may have another `performance`.
 */
const typeOfOld = () =>
  (
    (window.performance as Partial<Performance> | undefined)?.getEntriesByType?.('navigation')[0] as
      PerformanceNavigationTiming | undefined
  )?.type

/** Who reloads a page wants to see what is new; but not the page that does so by itself. */
const RELOAD_MS = 5000

export function mayBringNews(): boolean {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- older browsers lack it
  const { from, navigationType = typeOfOld() } = window.navigation?.activation ?? {}
  if (navigationType === 'reload' || navigationType === 'back_forward')
    return Math.abs(Date.now() - (recall().atMs ?? 0)) > RELOAD_MS
  // A page of this site that led on at once leaves no other trace of where the visitor came from.
  if (navigationType === 'replace' && from?.url !== location.href) return true
  // Back from another site: where the page first came from says nothing of that.
  if (navigationType === 'traverse' && !from) return true
  const referrer = ofDocument('referrer')
  // Many a page hides its address. What came before in this tab is known only if it was this site's.
  return referrer ? !referrer.startsWith(`${location.origin}/`) : !from
}
