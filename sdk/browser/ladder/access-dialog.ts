/** The hub's visible frame in a dialog of the page. */
import type { Status } from '../status.js'
import { ofDocument } from '../document.js'
import { create } from './create.js'
import type { AccessTheme, LadderKit } from './kit.js'
import { labelOf } from './theme.js'
import { openVisibleFrame } from './visible-frame.js'

/** Shows the dialog once the frame is there, and removes it when the answer arrives. */
export const askByDialog = (kit: LadderKit, theme: AccessTheme): Promise<Status> =>
  new Promise((resolve) => {
    const stop = new window.AbortController()
    let reason = 'dismissed'
    let isEnded = false
    const end = (status: Status | Promise<Status>) => {
      if (isEnded) return
      isEnded = true
      window.clearTimeout(patience)
      // The dialog's own closing, just below, is reported later: it must not replace the answer by "dismissed".
      dialog.onclose = null
      void Promise.resolve(status).then((last) => {
        stop.abort()
        // Closed first, because only then does the focus return to where it was.
        dialog.close()
        dialog.remove()
        resolve(last)
      })
    }
    const patience = window.setTimeout(
      () => end(kit.settle({ outcome: 'failed', reason: 'timeout' })),
      kit.timeout,
    )

    const dialog = create(
      'dialog',
      {
        ariaLabel: labelOf(theme, kit.hub),
        // Closed by its button, by Escape, or by the page.
        onclose: () => end(kit.settle({ reason })),
      },
      'width:20rem;max-width:80vw;border:0;border-radius:8px',
    )
    const close = create(
      'button',
      { type: 'button', textContent: '✕', ariaLabel: 'Close', onclick: () => dialog.close() },
      'float:right;width:44px;height:44px;border:0;background:none;color:inherit',
    )
    dialog.append(close)
    ofDocument('body').append(dialog)

    void openVisibleFrame(kit, theme, dialog, stop.signal, {
      blocked(why) {
        window.clearTimeout(patience)
        if (why === 'access_denied') end(kit.settle({ outcome: 'blocked', reason: why, isBlocked: true }))
        // After `not_visible` the visitor may click again.
        else if (why) reason = why
        else dialog.showModal()
      },
      lost: () => end(kit.settle({ outcome: 'failed', reason: 'unreachable' })),
      // It stays open until the sync has ended, because the frame takes part in it.
      begun: end,
    })
  })
