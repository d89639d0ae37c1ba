/** How people read a row's unit and default. */
import type { OptionText } from './option-rows.js'

type Readable = OptionText & { readonly default?: unknown; readonly check?: { readonly range?: string } }

export const unitOf = ({ unit, check }: Readable): string =>
  [unit, check?.range].filter((part) => part !== undefined).join(', ')

export function shownDefault({ shown, default: value }: Readable): string {
  if (shown !== undefined) return shown
  if (typeof value === 'string') return `\`'${value}'\``
  if (typeof value === 'boolean') return `\`${value}\``
  return typeof value === 'number' ? String(value) : ''
}
