/** What a page may choose. Checked once, in as few bytes as possible. */
import { type Rung, rungs } from '../protocol/wire.js'

export interface ClientOptions {
  /** The hub's origin, such as `https://hub.example`. */
  readonly hub: string
  /** Where this site's endpoints are: a path of the page's own origin. @default '/session-hub' */
  readonly endpoint?: string
  /**
   * `auto` syncs at once. `idle` syncs when the browser is idle. `manual` sends and stores nothing until you call `sync()`: for
   * pages that ask for consent first. @default 'auto'
   */
  readonly start?: 'auto' | 'idle' | 'manual'
  /** How long the result of a sync is used, in seconds. @default 60 */
  readonly interval?: number
  /** After how many milliseconds a sync gives up. The page simply goes on. @default 5000 */
  readonly timeout?: number
  /** Learn at once from this site's backend when the session ends. The site must have turned on `live`. @default false */
  readonly live?: boolean
  /** The steps of the ladder that this page may use. Without `frame`, `sync()` opens no frame. @default all */
  readonly rungs?: readonly Rung[]
}

export const defaults = {
  hub: '',
  endpoint: '/session-hub',
  start: 'auto' as const,
  interval: 60,
  timeout: 5000,
  live: false,
  rungs,
}

/**
 * @throws TypeError for an option, a `start` or a rung that nobody knows, a number out of its limits, a hub that is no address, or an
 * endpoint that is no path
 */
export function resolveOptions(options: ClientOptions): Required<ClientOptions> {
  // By its second name, which no page uses for something else.
  const settings = { ...defaults, ...options, hub: new webkitURL(options.hub).origin }
  requireKnown('option', Object.keys(options), Object.keys(defaults))
  requireKnown('rung', settings.rungs, rungs)
  requireKnown('start', [settings.start], ['auto', 'idle', 'manual'])
  for (const name of ['interval', 'timeout'] as const)
    if (!(settings[name] > 0 && settings[name] <= 1e9)) requireKnown(name, [settings[name]], ['1 to 1e9'])
  // Of this very origin, whose cookies the session's are.
  requireKnown('endpoint', [settings.endpoint[0]], ['/'])
  return settings
}

function requireKnown(what: string, names: readonly unknown[], known: readonly unknown[]): void {
  for (const name of names)
    if (!known.includes(name))
      throw TypeError(`SessionHub: no ${what} "${name as string}" in ${known.join()}`)
}
