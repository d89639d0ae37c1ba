/** The site's own tabs tell each other: what one of them has seen happen, the others' pages hear too. */
import type { ClientEvents } from '../events.js'
import type { LiveKit } from './kit.js'

const NAMES = ['session-replaced', 'session-ended'] as const
type Name = (typeof NAMES)[number]

interface News {
  readonly name: Name
  readonly detail: ClientEvents[Name]
}

export function shareWithTabs({ client, tell }: LiveKit): void {
  let channel: BroadcastChannel | undefined
  let isHearsay = false

  function open(): void {
    channel = new BroadcastChannel('session-hub')
    channel.onmessage = ({ data: { name, detail } }: MessageEvent<News>) => {
      isHearsay = true
      tell(name, detail)
      isHearsay = false
    }
  }

  open()
  // An open channel keeps pages out of some browsers' back/forward cache.
  addEventListener('pagehide', () => {
    channel?.close()
    channel = undefined
  })
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) open()
  })
  for (const name of NAMES)
    client.on(name, (detail) => {
      if (!isHearsay) channel?.postMessage({ name, detail } satisfies News)
    })
}
