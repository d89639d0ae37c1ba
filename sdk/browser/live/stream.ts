/** Hears from this site's own backend when the session ends, while somebody looks at the page. */
import type { EndReason } from '../../protocol/wire.js'
import { askBackend } from './backend.js'
import type { LiveKit } from './kit.js'

export function listen(kit: LiveKit): void {
  const { client, endpoint, readState } = kit
  let source: EventSource | undefined

  function close(): void {
    source?.close()
    source = undefined
  }

  function open(): void {
    const state = readState()
    const isOpen = source && source.readyState !== EventSource.CLOSED
    if (isOpen || document.hidden || !state) return
    source = new EventSource(`${origin}${endpoint}/live`)
    source.addEventListener('ended', ({ data }: MessageEvent<string>) => {
      close()
      void end(kit, state, (JSON.parse(data) as { reason: EndReason }).reason)
    })
  }

  // Of the session that went: the one that came is listened to from `synced` on.
  client.on('session-replaced', close)
  client.on('session-ended', close)
  client.on('synced', open)
  // A hidden tab holds no connection, and an open one would keep the page out of the back/forward cache.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close()
    else open()
  })
}

/** @param state of the session that is said to have ended */
async function end(kit: LiveKit, state: string, reason: EndReason): Promise<void> {
  // Another session may be on its way here already, or at the hub. Where the frame works, this tells the page all.
  await kit.client.sync({ force: true })
  if (kit.readState() === state) await askBackend(kit, reason)
}
