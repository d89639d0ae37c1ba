/** HTML by tagged templates. Whatever is put into one is escaped, unless it came out of one itself. */

export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | readonly Part[]

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const text = parts.map((part, index) => (strings[index] ?? '') + textOf(part)).join('')
  return new Html(text + (strings[parts.length] ?? ''))
}

/** For markup that somebody else has escaped. */
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

/** Safe between tags and between quotes, where all our templates put their parts. */
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
