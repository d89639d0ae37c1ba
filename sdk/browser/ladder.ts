/**
 * `ladder.js`: the rungs for browsers that withhold the hub's cookie from the frame. Loaded when that is known, or when the
 * page asks for one of them.
 */
import { showAccessButton } from './ladder/access-button.js'
import { askByDialog } from './ladder/access-dialog.js'
import { askByPopup } from './ladder/access-popup.js'
import { announce } from './ladder/announce.js'
import { explain } from './ladder/explain.js'
import type { AccessTheme, Ladder, LadderKit } from './ladder/kit.js'
import { decorateLinks } from './ladder/links.js'
import type { Status } from './status.js'

export function create(kit: LadderKit): Ladder {
  let dialog: Promise<Status> | undefined
  const buttons = new WeakMap<Element, AbortController>()

  const requestAccess = (theme: AccessTheme = {}) => {
    if (!kit.rungs.includes('access')) return Promise.resolve(kit.settle({ reason: 'rung_forbidden' }))
    // The sync reports the reason.
    if (!window.isSecureContext) return kit.syncBy({})
    const askOnce = () => (dialog ??= askByDialog(kit, theme).finally(() => (dialog = undefined)))
    return hasFrameGesture() ? askOnce() : askByPopup(kit, askOnce)
  }

  /** What the page has begun with a client ends with that client. */
  const withClient = (stop: AbortController) => {
    const end = () => stop.abort()
    if (kit.signal.aborted) end()
    else kit.signal.addEventListener('abort', end, { signal: stop.signal })
  }

  return {
    announce: () => announce(kit),
    requestAccess,
    accessButton(stop, element, theme = {}) {
      withClient(stop)
      if (stop.signal.aborted) return
      const before = buttons.get(element)
      // One button per element, however often `access-needed` has been fired.
      if (before && !before.signal.aborted) stop.signal.onabort = () => before.abort()
      else if (kit.rungs.includes('access')) {
        buttons.set(element, stop)
        showAccessButton(kit, element, theme, stop, hasFrameGesture() ? undefined : requestAccess)
      }
    },
    decorate(stop) {
      withClient(stop)
      if (kit.rungs.includes('link')) decorateLinks(kit, stop.signal)
    },
    redirect(returnTo = location.href.slice(location.origin.length)) {
      if (!kit.rungs.includes('redirect')) kit.settle({ reason: 'rung_forbidden' })
      // Otherwise a page that redirects whenever it loads would redirect to itself for ever.
      else if (kit.client.status.reason !== 'redirect_loop')
        location.assign(`${location.origin}${kit.endpoint}/redirect?return=${encodeURIComponent(returnTo)}`)
    },
    explain: () => explain(kit),
  }
}

/** Chromium requires the click inside the hub's frame; other browsers require one in a page of the hub itself. */
const hasFrameGesture = () => 'userAgentData' in window.navigator
