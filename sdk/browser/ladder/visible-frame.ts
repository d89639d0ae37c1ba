/** The hub's visible frame: a button in it asks the browser for storage access, as some browsers require. */
import type { HeightMessage } from '../../protocol/messages.js'
import type { FrameListener } from '../frame.js'
import type { Status } from '../status.js'
import type { SyncFrame } from '../sync.js'
import type { AccessTheme, LadderKit } from './kit.js'
import { labelOf, themeQuery } from './theme.js'

/** The height of a button with 80 letters in the largest fonts; a frame must not cover the page. */
const MOST_PX = 600

export interface VisibleListener {
  /** The hub has no cookie yet; with a reason, the latest click has not brought it one either. */
  readonly blocked: (reason: string | undefined) => void
  readonly lost: () => void
  /** The frame has what it needs, and a sync has begun. */
  readonly begun: (sync: Promise<Status>) => void
}

/** Opens the frame in an element, and closes it by the signal or at the end of its sync. */
export async function openVisibleFrame(
  kit: LadderKit,
  theme: AccessTheme,
  place: Element,
  signal: AbortSignal,
  { blocked, lost, begun }: VisibleListener,
): Promise<void> {
  const binding = await kit.createBinding()
  if (signal.aborted) return
  const state = kit.readState()
  let hear: FrameListener = (message) => {
    if (!message) lost()
    else if (message.outcome === 'blocked') blocked(message.reason)
    else {
      const openFrame: SyncFrame['openFrame'] = (_hub, _nonce, _state, listener) => {
        hear = listener
        hear(message)
        return frame
      }
      begun(kit.syncBy({ state, createBinding: () => Promise.resolve(binding), openFrame }))
    }
  }
  // A frame does not grow with its content, and a click on a button that is cut off does not count.
  const follow = (element: HTMLIFrameElement) => {
    window.addEventListener(
      'message',
      ({ source, origin, data }: MessageEvent<Partial<HeightMessage> | null>) => {
        // R15
        if (source !== element.contentWindow || origin !== kit.hub || data?.nonce !== binding.nonce) return
        const { height = 0 } = data
        if (height > 0 && height <= MOST_PX) element.style.height = `${height}px`
      },
      { signal },
    )
  }
  const frame = kit.openFrame(
    kit.hub,
    binding.nonce,
    state,
    (message) => {
      hear(message)
    },
    (element) => {
      const label = labelOf(theme, kit.hub)
      element.title = label
      // Set by script, so that no style policy of the page prevents it. If its colour scheme differed from its document's, the frame would be
      // opaque, and the corners around the button would not show the page.
      element.style = 'width:100%;height:48px;border:0;color-scheme:light dark'
      follow(element)
      place.append(element)
    },
    '/access',
    themeQuery(theme),
  )
  signal.onabort = frame.close
}
