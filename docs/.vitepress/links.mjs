/**
 * The pages are written to be read in the repository: a folder's page is README.md there, and pages link to source files. On the site a folder's
 * page is index.md, and what is no page of the site is text.
 */
import { dirname, join } from 'node:path'

const repository = process.env.SESSION_HUB_REPOSITORY

/** A markdown-it plugin. It runs before VitePress looks at links, so that a link to a missing page still fails the build. */
export function links(md, { pages }) {
  md.core.ruler.push('links_of_the_repository', ({ tokens, env }) => {
    for (const { children } of tokens) {
      if (!children) continue
      const open = []
      for (const token of children) {
        if (token.type === 'link_open') open.push(rewrite(token, env))
        if (token.type === 'link_close' && open.pop() === 'gone')
          Object.assign(token, { type: 'text', tag: '', content: '' })
      }
    }
  })

  function rewrite(token, { relativePath }) {
    const [address, hash] = token.attrGet('href').split('#')
    if (address === '' || /^[a-z]+:/.test(address) || address.startsWith('/')) return
    const path = join(dirname(relativePath), decodeURI(address))
    const page = path.replace(/README\.md$/, 'index.md')
    if (pages(path)) {
      const away = address.replace(/README\.md$/, 'index.md')
      token.attrSet('href', hash === undefined ? away : `${away}#${hash}`)
      return
    }
    // A page that is missing: let VitePress say so.
    if (path.startsWith('docs/') && page.endsWith('.md')) return
    if (repository) {
      token.attrSet('href', `${repository}/blob/main/${path}`)
      return
    }
    Object.assign(token, { type: 'text', tag: '', content: '' })
    return 'gone'
  }
}
