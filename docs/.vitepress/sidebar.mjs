/** The menu of the site. docs/README.md is the one table of contents: each of its sections is a part of the menu, each list item an entry. */
import { readFileSync } from 'node:fs'

const link = /\[([^\]]+)\]\(([^)]+)\)/g

export function sidebar() {
  const index = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, ...sections] = index.split(/^## /m)
  return sections.map((section) => {
    const [text, ...lines] = section.split('\n')
    return { text, collapsed: false, items: items(lines.join('\n')) }
  })
}

/** An item with several links is one entry for each of them. */
function items(list) {
  return [...list.matchAll(link)]
    .map(([, text, address]) => ({ text: text.replaceAll('`', ''), link: pageOf(address) }))
    .filter(({ link }) => link)
}

/** The address of the page, from a link in docs/README.md. */
function pageOf(address) {
  if (/^https?:/.test(address)) return undefined
  const path = address.startsWith('../') ? address.slice(3) : `docs/${address}`
  return `/${path.replace(/README\.md$/, 'index.md').replace(/\.md$/, '')}`
}
