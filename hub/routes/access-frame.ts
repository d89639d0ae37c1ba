/** What `GET /access` shows: one button, in the site's own colours if the site sets them. */
import { single } from '../../sdk/http/navigation.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { cspHash } from '../page-scripts.js'
import type { Appearance } from './frame.js'
import { escaped } from './page.js'

const LABEL_LENGTH = 80

/**
 * Light or dark, as the visitor prefers. The focus ring is inside the button, where no frame can cut it off. An opaque colour lies behind the site's
 * colours: through a transparent button the visitor would see what the page has below it, and mean to click that.
 */
const STYLE = `:root{color-scheme:light dark;--c:#fff;--b:#1c4fc4;--r:8px}
@media(prefers-color-scheme:dark){:root{--c:#10131a;--b:#9db9ff}}
*{box-sizing:border-box}body{margin:0}
button{width:100%;min-height:48px;padding:.5em .75em;border:0;border-radius:var(--r);background:linear-gradient(var(--b) 0 0) Canvas;color:var(--c);font:600 1rem/1.25 system-ui,sans-serif;overflow-wrap:anywhere;cursor:pointer}
button:focus-visible{outline:3px solid;outline-offset:-6px}
@media(forced-colors:active){button{border:1px solid}}`

/**
 * @param hub the hub's origin
 * @returns a function that reads the appearance from a query: `label`, `color`, `background` and `radius`, all optional
 */
export const visibleFrame =
  (hub: string) =>
  (query: URLSearchParams): Appearance => {
    const label = optional(query, 'label', isLabel)
    const words = label ?? `Continue with ${new URL(hub).host}`
    const style = `${STYLE}${themeOf(query)}`
    // The language of the site's own words is not known.
    const language = label === undefined ? '' : ' lang="" dir=auto'
    return {
      html: `<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Session Hub</title><style>${style}</style><button type=button${language}>${escaped(words)}</button>`,
      policy: `style-src ${cspHash(style)}; `,
    }
  }

function themeOf(query: URLSearchParams): string {
  const color = optional(query, 'color', isColor)
  const background = optional(query, 'background', isColor)
  const radius = optional(query, 'radius', isRadius)
  const rules = [
    color !== undefined && `--c:#${color}`,
    background !== undefined && `--b:#${background}`,
    radius !== undefined && `--r:${radius}px`,
  ].filter(Boolean)
  // This selector has more weight than the dark theme's, so the site's colours apply in both themes.
  return rules.length > 0 ? `\nhtml:root{${rules.join(';')}}` : ''
}

/** @throws SessionHubError `request_invalid` */
function optional(
  query: URLSearchParams,
  name: string,
  isIt: (value: string) => boolean,
): string | undefined {
  if (!query.has(name)) return undefined
  const value = single(query, name)
  if (value === undefined || !isIt(value))
    throw new SessionHubError('request_invalid', `The address has a wrong "${name}"`)
  return value
}

/** Whether the words can be read: they are not empty, and have no control characters and nothing that turns the direction of the text. */
const isLabel = (value: string) =>
  value.length <= LABEL_LENGTH &&
  value.trim() !== '' &&
  !/[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/u.test(value)

const isColor = (value: string) => /^([\da-f]{3}|[\da-f]{6}|[\da-f]{8})$/i.test(value)

const isRadius = (value: string) => /^([12]?\d|3[0-2])$/.test(value)
