/**
 * The one line of HTML that a site's pages need. The script comes from the site itself: a hub that hangs delays no page's load
 * event, and a hub that was broken into runs no code in any site.
 */
import { defaultEndpoint, type Rung, rungs } from '../protocol/wire.js'
import { flag, oneOf, whole } from '../settings/checks.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import type { AppSettings } from './options.js'

export interface ScriptTagOptions {
  /** The page's CSP nonce. @default `res.locals.cspNonce`, where helmet's guides put it */
  readonly nonce?: string
  /** `manual`: nothing happens before `SessionHub.sync()`, for pages that ask for consent first. @default 'auto' */
  readonly start?: 'auto' | 'idle' | 'manual'
  /** How long a sync is good for, in seconds. @default 60 */
  readonly intervalSeconds?: number
  /** The steps of the ladder that the page may use. @default all */
  readonly rungs?: readonly Rung[]
  /** The session comes along where a visitor follows a link to a sister site, while the frame is blocked. @default false */
  readonly sisterLinks?: boolean
}

const where = 'scriptTag'

/** @throws SessionHubError `options_invalid` */
function checked(options: ScriptTagOptions): ScriptTagOptions {
  refuseUnknown(where, options, ['nonce', 'start', 'intervalSeconds', 'rungs', 'sisterLinks'])
  const {
    nonce = '',
    start = 'auto',
    intervalSeconds = 1,
    rungs: chosen = rungs,
    sisterLinks = false,
  } = options
  if (typeof nonce !== 'string') throw wrong(where, '"nonce" has to be a text')
  oneOf(where, 'start', start, ['auto', 'idle', 'manual'])
  whole(where, 'intervalSeconds', intervalSeconds, { min: 1, max: 1e9 })
  if (!Array.isArray(chosen)) throw wrong(where, '"rungs" has to be a list')
  for (const rung of chosen as readonly unknown[]) oneOf(where, 'rungs', rung, rungs)
  flag(where, 'sisterLinks', sisterLinks)
  return options
}

/** @throws SessionHubError `options_invalid` for an option that is unknown or wrong */
export function scriptTag(
  { hub, endpoint, live }: AppSettings,
  sdkPath: string,
  nonceOfPage: string | undefined,
  given: ScriptTagOptions = {},
): string {
  const options = checked(given)
  const attributes = {
    src: endpoint + sdkPath,
    nonce: options.nonce ?? nonceOfPage,
    'data-hub': hub,
    'data-endpoint': endpoint === defaultEndpoint ? undefined : endpoint,
    'data-start': options.start,
    'data-interval': options.intervalSeconds?.toString(),
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
