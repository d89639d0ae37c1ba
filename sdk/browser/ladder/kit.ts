/**
 * What the two files of the SDK have in common. `sdk.js` is loaded by every visitor; the ladder only where the browser blocks the
 * frame, and it is handed what the first file has already.
 */
import type { Bus } from '../bus.js'
import type { openFrame } from '../frame.js'
import type { ClientOptions } from '../options.js'
import type { post } from '../post.js'
import type { createBinding } from '../random.js'
import type { Status } from '../status.js'
import type { SyncFrame } from '../sync.js'

/** How the button looks that asks for storage access. */
export interface AccessTheme {
  /** The button's text, 80 characters at most. */
  readonly label?: string
  /** The colour of the text: `#` and 3, 6 or 8 hexadecimal digits. */
  readonly color?: string
  /** The colour behind it, written likewise. */
  readonly background?: string
  /** The radius of the corners in pixels, 0 to 32. */
  readonly radius?: number
}

export interface LadderKit extends Required<ClientOptions> {
  readonly client: { readonly status: Status }
  /** Aborted where the page has closed the client. */
  readonly signal: AbortSignal
  /** The status of something that came to nothing. */
  readonly settle: (next: Partial<Status>) => Status
  /** A sync of the rung `access`, by a frame that is open, or by a new hidden one. Waits for the sync that is running. */
  readonly syncBy: (frame: Partial<SyncFrame>) => Promise<Status>
  readonly tell: Bus['tell']
  readonly openFrame: typeof openFrame
  readonly createBinding: typeof createBinding
  readonly post: typeof post
  readonly readState: () => string
}

export interface Ladder {
  /** After each sync that ended where the frame is no way. */
  announce(): void
  requestAccess(theme?: AccessTheme): Promise<Status>
  /** @param stop by the page, or by the button itself when there is access */
  accessButton(stop: AbortController, element: Element, theme?: AccessTheme): void
  decorate(stop: AbortController): void
  redirect(returnTo: string | undefined): void
  explain(): Promise<string>
}
