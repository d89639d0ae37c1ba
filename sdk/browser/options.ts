/** What a page may choose, checked once, in as few bytes as possible. */
import { type Rung, rungs } from '../protocol/wire.js'

// `npm run docs:options` writes this interface from sdk/browser/option-rows.ts.
export interface ClientOptions {
  /** The hub's origin, such as `https://hub.example`. */
  readonly hub: string
  /**
   * Where this site's own endpoints are, on the page's own origin. If the backend is on another host, route this path there
   * (docs/frontends.md).
   *
   * Unit: path.
   *
   * @default '/session-hub'
   */
  readonly endpoint?: string
  /**
   * `'auto'`: sync at once. `'idle'`: sync when the browser has nothing else to do. `'manual'`: ask and store nothing before `sync()`,
   * for pages that ask for consent first.
   *
   * @default 'auto'
   */
  readonly start?: 'auto' | 'idle' | 'manual'
  /**
   * How long a sync is valid. A visitor who comes from another site always syncs, and a visitor who reloads a page syncs again after
   * five seconds. If pages of the other site hide their address, browsers without the Navigation API sync on each page. A page of this
   * site that has no tag and redirects only after it has loaded hides where the visitor came from: put the tag there too.
   *
   * Unit: seconds, 1 to 1e9.
   *
   * @default 60
   */
  readonly interval?: number
  /**
   * When a sync gives up, and the page goes on without it. The time stops while the frame waits for a slow page to load, for at most
   * as long again.
   *
   * Unit: milliseconds, 1 to 1e9.
   *
   * @default 5000
   */
  readonly timeout?: number
  /**
   * Learn at once from this site's backend that the session has ended. For sites with the option `live`; their `scriptTag` sets it.
   *
   * @default false
   */
  readonly live?: boolean
  /**
   * The rungs of the ladder that the page may use: `'frame'`, `'access'`, `'link'`, `'redirect'`. Without `'frame'`, a sync opens no
   * frame.
   *
   * @default all
   */
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

/** @throws TypeError for an unknown option, `start` or rung, a number out of its limits, an invalid hub address, or an endpoint that is not a path */
export function resolveOptions(options: ClientOptions): Required<ClientOptions> {
  // By its second name, which no page uses for something else.
  const settings = { ...defaults, ...options, hub: new webkitURL(options.hub).origin }
  requireKnown('option', Object.keys(options), Object.keys(defaults))
  requireKnown('rung', settings.rungs, rungs)
  requireKnown('start', [settings.start], ['auto', 'idle', 'manual'])
  for (const name of ['interval', 'timeout'] as const)
    if (!(settings[name] > 0 && settings[name] <= 1e9)) requireKnown(name, [settings[name]], ['1 to 1e9'])
  // On this very origin, because the session's cookies belong to it.
  if (settings.endpoint[0] !== '/') requireKnown('endpoint', [settings.endpoint], ['/'])
  return settings
}

function requireKnown(what: string, names: readonly unknown[], known: readonly unknown[]): void {
  for (const name of names)
    if (!known.includes(name))
      throw TypeError(`SessionHub: no ${what} "${name as string}" in ${known as unknown as string}`)
}
