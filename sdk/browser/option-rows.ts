/**
 * The options of a page, each declared here and, with its default, in `options.ts`: `npm run docs:options` writes `ClientOptions` and the
 * reference from these rows. No page loads this file.
 */
import { type ClientOptions, defaults } from './options.js'

/** Like a row of `sdk/settings/option-rows.ts`, which pages do not load. */
interface ClientRow {
  readonly text: string
  readonly more?: string
  /** The attribute of the script tag, if it is not `data-` and the name. */
  readonly attribute?: string
  readonly unit?: string
  readonly default?: unknown
  readonly shown?: string
  readonly required?: true
  /** What `resolveOptions` accepts. */
  readonly check: { readonly type: string; readonly range?: string }
}

const number = { type: 'number', range: '1 to 1e9' }

export const clientRows: Readonly<Record<keyof ClientOptions, ClientRow>> = {
  hub: {
    text: "the hub's origin, such as `https://hub.example`",
    required: true,
    shown: 'required; for the tag, the origin of the script',
    check: { type: 'string' },
  },
  endpoint: {
    text: "where this site's own endpoints are, on the page's own origin",
    more: 'If the backend is on another host, [route this path there](frontends.md#an-api-on-another-host).',
    unit: 'path',
    default: defaults.endpoint,
    check: { type: 'string' },
  },
  start: {
    text: "`'auto'`: sync at once. `'idle'`: sync when the browser has nothing else to do. `'manual'`: ask and store nothing before `sync()`, for pages that ask for consent first",
    default: defaults.start,
    check: { type: "'auto' | 'idle' | 'manual'" },
  },
  interval: {
    text: 'how long a sync is valid',
    more: 'A visitor who comes from another site always syncs, and a visitor who reloads a page syncs again after five seconds. If pages of the other site hide their address, browsers without the Navigation API sync on each page. A page of this site that has no tag and redirects only after it has loaded hides where the visitor came from: put the tag there too.',
    unit: 'seconds',
    default: defaults.interval,
    check: number,
  },
  timeout: {
    text: 'when a sync gives up, and the page goes on without it',
    more: 'The time stops while the frame waits for a slow page to load, for at most as long again.',
    unit: 'milliseconds',
    default: defaults.timeout,
    check: number,
  },
  live: {
    text: "learn at once from this site's backend that the session has ended",
    more: 'For sites with the option `live`; their `scriptTag` sets it.',
    default: defaults.live,
    check: { type: 'boolean' },
  },
  rungs: {
    text: "the rungs of the ladder that the page may use: `'frame'`, `'access'`, `'link'`, `'redirect'`",
    more: "Without `'frame'`, a sync opens no frame.",
    attribute: '`data-rungs`, separated by spaces',
    default: defaults.rungs,
    shown: 'all',
    check: { type: 'readonly Rung[]' },
  },
}
