/**
 * The documentation as a site: `npm run docs` builds it into build/docs, `npm run docs:dev` shows it while one writes. It has the pages of the
 * repository and no text of its own. The search works offline. A link to a missing page fails the build.
 *
 * SESSION_HUB_REPOSITORY, the repository's address, makes links to source files work on the site. Without it they are plain text.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { withMermaid } from 'vitepress-plugin-mermaid'

import { links } from './links.mjs'
import { sidebar } from './sidebar.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const outside = ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'CODE_OF_CONDUCT.md']
const isPage = (path) => outside.includes(path) || (/^docs\/.*\.md$/.test(path) && existsSync(root + path))

export default withMermaid({
  title: 'Session Hub',
  description: 'One session on all of your domains',
  lang: 'en',
  srcDir: '..',
  srcExclude: ['{.ci,.github,build,coverage,demo,dist,examples,hub,sdk,test}/**', 'docs/.vitepress/**'],
  outDir: fileURLToPath(new URL('../../build/docs', import.meta.url)),
  rewrites: {
    'README.md': 'index.md',
    'docs/README.md': 'docs/index.md',
    'docs/decisions/README.md': 'docs/decisions/index.md',
  },
  // The tutorial opens what it has started on this machine.
  ignoreDeadLinks: [/^https?:\/\/[a-z.]*localhost/],
  markdown: {
    languageAlias: { conf: 'ini' },
    config: (md) => md.use(links, { pages: isPage }),
  },
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: '/docs/tutorial' },
      { text: 'Guides and reference', link: '/docs/' },
      { text: 'Security', link: '/SECURITY' },
      { text: 'Changes', link: '/CHANGELOG' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
  },
})
