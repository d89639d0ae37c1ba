/** HTML by tagged templates. Every value in a template is escaped, unless a template made it (R32). */
import { escaped } from '../routes/page.js'

export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | readonly Part[]

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const text = parts.map((part, at) => (strings[at] ?? '') + textOf(part)).join('')
  return new Html(text + (strings[parts.length] ?? ''))
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.text
  if (typeof part === 'string') return escaped(part)
  return typeof part === 'number' ? part.toLocaleString('en') : part.map(textOf).join('')
}
