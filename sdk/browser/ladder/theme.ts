/** The button's appearance: in the hub's frame by its address, in the page's own document by its style. */
import type { AccessTheme } from './kit.js'

/** The default text, which says as much as possible without knowing the site. */
export const labelOf = ({ label }: AccessTheme, hub: string): string =>
  label ?? `Continue with ${hub.slice(hub.indexOf('/') + 2)}`

/** For the address of the visible frame: colours are written without their `#`. */
export const themeQuery = ({ label, color, background, radius }: AccessTheme): string =>
  Object.entries({ label, color: color?.slice(1), background: background?.slice(1), radius })
    .map(([name, value]) => (value === undefined ? '' : `&${name}=${encodeURIComponent(value)}`))
    .join('')
