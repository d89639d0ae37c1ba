/** Learns from this site's own backend when the session ends, while the page is visible. */
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

  // Closes the stream of the old session: the stream of the new one opens at `synced`.
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
  // Another session may already be on its way here, or be at the hub. If the frame works, this sync tells the page everything.
  await kit.client.sync({ force: true })
  if (kit.readState() === state) await askBackend(kit, reason)
}
