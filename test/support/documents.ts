/** The documents, and what is in them: sections, tables, code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from './titles.js'

export const text = (name: string) => readFileSync(join(root, name), 'utf8')
export const documents = ['.', 'docs', 'docs/decisions', 'docs/flows', 'docs/frameworks'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)

/** From a heading that begins like this to the next of its rank or higher. */
export function sectionOf(markdown: string, heading: string): string {
  const lines = withoutComments(markdown).split('\n')
  const start = lines.findIndex((line) => line.startsWith(heading))
  if (start < 0) throw new Error(`There is no "${heading}"`)
  const rank = heading.indexOf(' ')
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= rank)
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** The cells of the first table, without its head. */
export function tableOf(markdown: string): string[][] {
  const [table = ''] = /(?:^\|.*(?:\n|$))+/m.exec(markdown) ?? []
  return table.trim().split('\n').slice(2).map(cellsOf)
}

export const cellsOf = (row: string) =>
  row
    .slice(1, row.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim())

export function rowOf(markdown: string, name: string): string[] {
  const row = new RegExp(`^\\| \`${name}\` \\|.*$`, 'm').exec(markdown)?.[0]
  if (row === undefined) throw new Error(`There is no row "${name}"`)
  return cellsOf(row)
}

/** Every word that stands in code: a name that is only mentioned in prose does not count. */
export const codeOf = (markdown: string) =>
  [...markdown.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code!.match(/[\w-]+/g) ?? [])

const withoutComments = (markdown: string) => markdown.replace(/<!--.*?-->\n/gs, '')
export const withoutCode = (markdown: string) =>
  markdown.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '')

/** Headings as GitHub names them. */
export const anchorsOf = (markdown: string) =>
  [...markdown.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

/** The code block of a document that begins with this file's name. */
export function exampleOf(name: string, document: string): string {
  const blocks = [...text(document).matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!)
  const found = blocks.find((code) => code.startsWith(`// ${name}\n`))
  if (found === undefined) throw new Error(`${document} has no "${name}"`)
  return found
}
