/**
 * The one line of HTML that a site's pages need. The script comes from the site itself: so a hub that hangs does not delay a page's load
 * event, and a hub that was broken into runs no code on any site.
 */
import { defaultEndpoint, type Rung } from '../protocol/wire.js'
import { readOptions } from '../settings/option-rows.js'
import type { AppSettings } from './options.js'
import { scriptTagRows } from './script-tag-rows.js'

// `npm run docs:options` writes this interface from sdk/site/script-tag-rows.ts.
export interface ScriptTagOptions {
  /**
   * The nonce of the page's content security policy.
   *
   * @default res.locals.cspNonce, where helmet's guides put it
   */
  readonly nonce?: string
  /**
   * As in `createClient`: `'manual'` does nothing before `SessionHub.sync()`, for pages that ask for consent first.
   *
   * @default 'auto'
   */
  readonly start?: 'auto' | 'idle' | 'manual'
  /**
   * How long a sync is valid, as in `createClient`.
   *
   * Unit: seconds, 1 to 1000000000.
   *
   * @default 60
   */
  readonly interval?: number
  /**
   * The rungs of the ladder that the page may use.
   *
   * @default all
   */
  readonly rungs?: readonly Rung[]
  /**
   * `true`: while the frame is blocked, links to sister sites carry the session (`data-sister-links`).
   *
   * @default false
   */
  readonly sisterLinks?: boolean
}

/** @throws SessionHubError `options_invalid` for an option that is unknown or wrong */
export function scriptTag(
  { hub, endpoint, live }: AppSettings,
  sdkPath: string,
  nonceOfPage: string | undefined,
  given: ScriptTagOptions = {},
): string {
  const options = readOptions('scriptTag', scriptTagRows, given)
  const attributes = {
    src: endpoint + sdkPath,
    nonce: options.nonce ?? nonceOfPage,
    'data-hub': hub,
    'data-endpoint': endpoint === defaultEndpoint ? undefined : endpoint,
    'data-start': options.start,
    'data-interval': options.interval?.toString(),
    'data-live': live ? 'true' : undefined,
    'data-rungs': options.rungs?.join(' '),
    'data-sister-links': options.sisterLinks ? '' : undefined,
  }
  const written = Object.entries(attributes).map(([name, value]) =>
    value === undefined ? '' : ` ${name}="${escaped(value)}"`,
  )
  return `<script async${written.join('')}></script>`
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
