/** The card for browsers that keep the hub's cookie from this page. It is shown as long as they do. */
import type { Rung } from 'session-hub'

import { byId } from './elements.js'
import { sdk } from './sdk.js'

let remove: (() => void) | undefined

/** The purpose of the event `access-needed`. The button is the hub's own if the browser requires that; it gets this page's colours. */
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
    // A quiet colour: the accent's colour is for the purpose of the page.
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
