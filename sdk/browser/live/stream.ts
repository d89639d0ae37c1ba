/** Hears from this site's own backend when the session ends, while somebody looks at the page. */
import type { EndReason } from '../../protocol/wire.js'
import { askBackend } from './backend.js'
import type { LiveKit } from './kit.js'

export function listen(kit: LiveKit): void {
  const { on, signal, endpoint, readState } = kit
  let source: EventSource | undefined

  function close(): void {
    source?.close()
    source = undefined
  }

  function open(): void {
    const state = readState()
    const isOpen = source && source.readyState !== window.EventSource.CLOSED
    if (isOpen || (document.hidden as unknown) === true || !state) return
    source = new window.EventSource(`${location.origin}${endpoint}/live`)
    source.addEventListener('ended', ({ data }: MessageEvent<string>) => {
      close()
      void end(kit, state, (JSON.parse(data) as { reason: EndReason }).reason)
    })
  }

  // Of the session that went: the one that came is listened to from `synced` on.
  on('session-replaced', close)
  on('session-ended', close)
  on('synced', open)
  // A hidden tab holds no connection, and an open one would keep the page out of the back/forward cache.
  const onSight = () => {
    if ((document.hidden as unknown) === true) close()
    else open()
  }
  window.addEventListener('visibilitychange', onSight, { signal, capture: true })
  signal.addEventListener('abort', close)
}

/** @param state of the session that is said to have ended */
async function end(kit: LiveKit, state: string, reason: EndReason): Promise<void> {
  // Another session may be on its way here already, or at the hub. Where the frame works, this tells the page all.
  await kit.client.sync({ force: true })
  if (kit.readState() === state) await askBackend(kit, reason)
}
