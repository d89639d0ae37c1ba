/**
 * A small window of the hub. In some browsers a click there gives the hidden frame access to the hub's cookie afterwards; in others a click in
 * the visible frame is needed as well, but then the browser does not ask the visitor.
 */
import type { Status } from '../status.js'
import type { LadderKit } from './kit.js'

/** A window that has just closed may report that late, and its message may still be on its way. */
const SETTLE_MS = 300

/**
 * Call it within the click itself: no browser lets a page open a window later.
 *
 * @param askByDialog for the click in the visible frame
 */
export function askByPopup(kit: LadderKit, askByDialog: () => Promise<Status>): Promise<Status> {
  const popup = window.open(
    `${kit.hub}/unlock?site=${location.origin}`,
    'session-hub',
    'popup,width=480,height=400',
  )
  if (!popup) return Promise.resolve(kit.settle({ reason: 'popup_blocked' }))

  const closed = new Promise<boolean>((resolve) => {
    const stop = new window.AbortController()
    const { signal } = stop
    const end = (isUnlocked: boolean) => {
      stop.abort()
      resolve(isUnlocked)
    }
    const hear = ({
      source,
      origin,
      data,
    }: MessageEvent<{ sessionHub?: unknown; unlocked?: unknown } | null>) => {
      // R15
      if (source === popup && origin === kit.hub && data?.sessionHub === 1 && data.unlocked === true)
        end(true)
    }
    // The visitor is back on the page: the window is gone, or the page's opener policy has cut it off, which looks the same.
    const look = () => {
      window.setTimeout(() => {
        if ((document.hidden as unknown) !== true && popup.closed) end(false)
      }, SETTLE_MS)
    }
    window.addEventListener('message', hear, { signal })
    window.addEventListener('focus', look, { signal })
    window.addEventListener('visibilitychange', look, { signal, capture: true })
  })
  return closed.then(async (isUnlocked) => {
    const status = await kit.syncBy({})
    if (!status.isBlocked) return status
    return isUnlocked ? askByDialog() : kit.settle({ reason: 'dismissed' })
  })
}
