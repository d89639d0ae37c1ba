/** The hub's hidden frame, as the page sees it. */
import { type FrameMessage, type PageMessage, readFrameMessage } from '../protocol/messages.js'

export interface HubFrame {
  /** Tells the frame which session this site has; the answer comes like the first one. */
  send(offer: string | null): void
  close(): void
}

/** A frame speaks before it has loaded. One that loads in silence is the browser's error page, or was refused. */
const SILENCE_MS = 500

/** A page's load event waits for its frames, and a hub may hang: then the frame steps aside until the page has loaded. */
const PATIENCE_MS = 1000

export interface FrameListener {
  readonly hear: (message: FrameMessage) => void
  readonly lost: () => void
}

export function openFrame(hub: string, nonce: string, state: string, listener: FrameListener): HubFrame {
  const element = document.createElement('iframe')
  element.src = `${hub}/frame?site=${encodeURIComponent(origin)}&nonce=${nonce}${state && `&state=${state}`}`
  // The hub answers only to this site's pages, and knows them by this (R14).
  element.referrerPolicy = 'origin'
  element.title = 'Session Hub'
  // Set by script, so that no style policy of the page is in the way.
  element.style.display = 'none'
  let silence: ReturnType<typeof setTimeout> | undefined
  element.onload = () => {
    silence = setTimeout(listener.lost, SILENCE_MS)
  }

  const onMessage = ({ source, origin, data }: MessageEvent) => {
    // R15: from this very frame, of this very hub, about this very sync.
    const message = source === element.contentWindow && origin === hub && readFrameMessage(data, nonce)
    if (!message) return
    element.onload = null
    clearTimeout(silence)
    clearTimeout(patience)
    listener.hear(message)
  }
  addEventListener('message', onMessage)

  let isOpen = true
  const show = () => {
    if (isOpen) document.documentElement.append(element)
  }
  const patience = setTimeout(() => {
    if (document.readyState === 'complete') return
    // The page may load in the very moment in which the frame is gone: so first the listener, and the frame a moment later.
    addEventListener('load', () => setTimeout(show))
    element.remove()
  }, PATIENCE_MS)
  show()

  return {
    send(offer) {
      element.contentWindow?.postMessage({ sessionHub: 1, nonce, offer } satisfies PageMessage, hub)
    },
    close() {
      isOpen = false
      clearTimeout(silence)
      clearTimeout(patience)
      removeEventListener('message', onMessage)
      element.remove()
    },
  }
}
