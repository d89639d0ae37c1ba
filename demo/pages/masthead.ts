/** The head of a site's pages, which shows the visitor, and the tags that the script needs. */
import { modules } from '../assets.js'
import type { Profile } from '../sites.js'
import { html, type Html, type Part, trusted } from './html.js'
import { visitorChip } from './visitor.js'

export const masthead = ({ name, title, tagline }: Profile, subject: string | null): Html =>
  html`<header class="masthead">
    <img src="/public/${name}.svg" alt="" width="48" height="48" />
    <div>
      <h1>${title}</h1>
      <p>${tagline}</p>
    </div>
    ${visitorChip(subject)}
  </header>`

/**
 * @param script the page's own script
 * @param sdk the script element of the SDK
 */
export const scripts = (script: string, sdk: string): Part => [
  // Loads all modules at once, not one after another, so that the page listens before the SDK has something to say.
  modules.map((name) => html`<link rel="modulepreload" href="/browser/${name}" />`),
  html`<script type="module" src="/browser/${script}.js"></script>`,
  trusted(sdk),
]
