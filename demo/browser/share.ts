/** The card for browsers that keep the hub's cookie from this page, shown as long as they do. */
import type { Rung } from 'session-hub'

import { byId } from './elements.js'
import { sdk } from './sdk.js'

let remove: (() => void) | undefined

/** What the event `access-needed` is for. The button is the hub's own where the browser wants it so; it gets this page's colours. */
export function offerAccess(rungs: readonly Rung[]): void {
  byId('share', HTMLElement).hidden = false
  if (!rungs.includes('access')) {
    removeButton()
    byId('share-said', HTMLElement).textContent = 'The browser refused. The links at the top still work.'
    return
  }
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  remove ??= sdk()?.accessButton(byId('share-button', HTMLElement), {
    label: 'Share it here',
    // Quiet: what the page is for stands in the accent's colour.
    color: colour('--text'),
    background: colour('--soft'),
    radius: 11,
  })
}

export function endOffer(): void {
  byId('share', HTMLElement).hidden = true
  byId('share-said', HTMLElement).textContent = ''
  removeButton()
}

function removeButton(): void {
  remove?.()
  remove = undefined
}
