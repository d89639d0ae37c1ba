/**
 * What the ladder gets from the rest of the SDK, and what it offers. Every visitor loads `sdk.js`; the ladder is loaded only if the browser
 * blocks the frame, and receives what the first file already has.
 */
import type { Bus } from '../bus.js'
import type { openFrame } from '../frame.js'
import type { ClientOptions } from '../options.js'
import type { post } from '../post.js'
import type { createBinding } from '../random.js'
import type { Status } from '../status.js'
import type { SyncFrame } from '../sync.js'

/** The appearance of the button that asks for storage access. */
export interface AccessTheme {
  /** The button's text, at most 80 characters. */
  readonly label?: string
  /** The colour of the text: `#` and 3, 6 or 8 hexadecimal digits. */
  readonly color?: string
  /** The background colour, in the same form. */
  readonly background?: string
  /** The radius of the corners in pixels, 0 to 32. */
  readonly radius?: number
}

export interface LadderKit extends Required<ClientOptions> {
  readonly client: { readonly status: Status }
  /** Aborted when the page closes the client. */
  readonly signal: AbortSignal
  /** The status of something that led to nothing. */
  readonly settle: (next: Partial<Status>) => Status
  /** Runs a sync of the rung `access`, by a frame that is open or by a new hidden one. It waits for a sync that is running. */
  readonly syncBy: (frame: Partial<SyncFrame>) => Promise<Status>
  readonly tell: Bus['tell']
  readonly openFrame: typeof openFrame
  readonly createBinding: typeof createBinding
  readonly post: typeof post
  readonly readState: () => string
}

export interface Ladder {
  /** Called after each sync that ended without the frame. */
  announce(): void
  requestAccess(theme?: AccessTheme): Promise<Status>
  /** @param stop aborted by the page, or by the button itself once access is given */
  accessButton(stop: AbortController, element: Element, theme?: AccessTheme): void
  decorate(stop: AbortController): void
  redirect(returnTo: string | undefined): void
  explain(): Promise<string>
}
