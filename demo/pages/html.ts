/** HTML by tagged templates. Every value in a template is escaped, unless a template made it. */

export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | readonly Part[]

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const text = parts.map((part, index) => (strings[index] ?? '') + textOf(part)).join('')
  return new Html(text + (strings[parts.length] ?? ''))
}

/** For markup that has already been escaped. */
export const trusted = (markup: string) => new Html(markup)

function textOf(part: Part): string {
  if (part instanceof Html) return part.text
  if (typeof part === 'string') return escaped(part)
  return typeof part === 'number' ? String(part) : part.map(textOf).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Makes text safe between tags and between quotes, the only places where our templates insert values. */
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
