/**
 * A button that stays in the page until access is given: either the hub's own button in its frame, or a button of the page that
 * opens the hub's window.
 */
import type { Status } from '../status.js'
import { create } from './create.js'
import type { AccessTheme, LadderKit } from './kit.js'
import { announce } from './announce.js'
import { labelOf } from './theme.js'
import { openVisibleFrame } from './visible-frame.js'

/** @param requestAccess what a click does if the button has to be the page's own */
export function showAccessButton(
  kit: LadderKit,
  place: Element,
  theme: AccessTheme,
  stop: AbortController,
  requestAccess?: (theme: AccessTheme) => Promise<Status>,
): void {
  const { signal } = stop
  window.addEventListener(
    'synced',
    () => {
      if (!kit.client.status.isBlocked) stop.abort()
    },
    { signal },
  )
  if (!requestAccess) {
    showFrame()
    return
  }

  const { color = '#fff', background = '#1c4fc4', radius = 8 } = theme
  const button = create(
    'button',
    { type: 'button', textContent: labelOf(theme, kit.hub), onclick: () => void requestAccess(theme) },
    `width:100%;min-height:48px;border:0;border-radius:${radius}px;background:${background};color:${color};font:inherit`,
  )
  signal.onabort = () => {
    button.remove()
  }
  place.append(button)

  function showFrame(): void {
    let hasAsked = false
    void openVisibleFrame(kit, theme, place, signal, {
      blocked(reason) {
        hasAsked = true
        if (!reason) return
        kit.settle({ outcome: 'blocked', reason, isBlocked: true })
        announce(kit)
      },
      lost: () => stop.abort(),
      begun(sync) {
        // The frame has gone with that sync: if the sync failed after a click, the page needs a button again.
        void sync.then(({ outcome }) => {
          if (hasAsked && outcome === 'failed') showFrame()
        })
      },
    })
  }
}
