/** The site's own tabs tell each other what happens, so that a session change in one of them reaches the pages of all. */
import type { ClientEvents } from '../events.js'
import type { LiveKit } from './kit.js'

const NAMES = ['session-replaced', 'session-ended'] as const
type Name = (typeof NAMES)[number]

interface News {
  readonly name: Name
  readonly detail: ClientEvents[Name]
}

export function shareWithTabs({ on, signal, tell }: LiveKit): void {
  let channel: BroadcastChannel | undefined
  let isHearsay = false

  function open(): void {
    try {
      channel = new window.BroadcastChannel('session-hub')
    } catch {
      // Some privacy settings forbid it. Everything else works without it.
      return
    }
    channel.onmessage = ({ data: { name, detail } }: MessageEvent<News>) => {
      isHearsay = true
      tell(name, detail)
      isHearsay = false
    }
  }

  open()
  // An open channel keeps pages out of some browsers' back/forward cache.
  const close = () => {
    channel?.close()
    channel = undefined
  }
  const onShow = ({ persisted }: PageTransitionEvent) => {
    if (persisted) open()
  }
  window.addEventListener('pagehide', close, { signal })
  window.addEventListener('pageshow', onShow, { signal })
  signal.addEventListener('abort', close)
  for (const name of NAMES)
    on(name, (detail) => {
      try {
        if (!isHearsay) channel?.postMessage({ name, detail } satisfies News)
      } catch {
        // As above.
      }
    })
}
