/**
 * The one line of HTML that a site's pages need. The script comes from the site itself: a hub that hangs delays no page's load
 * event, and a hub that was broken into runs no code in any site.
 */
import type { Request } from 'express'

import { defaultEndpoint, type Rung } from '../protocol/wire.js'
import type { SiteSettings } from './options.js'

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

export function scriptTag(
  { hub, endpoint, live }: SiteSettings,
  sdkPath: string,
  req: Request | undefined,
  options: ScriptTagOptions,
): string {
  const local: unknown = req?.res?.locals.cspNonce
  const nonce = options.nonce ?? (typeof local === 'string' ? local : undefined)
  const attributes = {
    src: endpoint + sdkPath,
    nonce,
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
