/** The parts that every page shares. */
import { type Addresses, profiles, siteNames } from '../sites.js'
import { html, type Html, type Part } from './html.js'

export interface Layout {
  /** The site, or the hub, whose colours the page has. */
  readonly look: keyof Addresses
  readonly title: string
  readonly addresses: Addresses
  /** The visitor's state, in the words of `req.session.status`. The style sheet shows and hides parts by it. */
  readonly session: string
  /** Scripts. */
  readonly head: Part
  readonly body: Html
}

const styles = ['looks', 'base', 'page', 'cards', 'account', 'sync']

export function layout({ look, title, addresses, session, head, body }: Layout): Html {
  return html`<!doctype html>
    <html lang="en" data-look="${look}" data-session="${session}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/public/${look}.svg" type="image/svg+xml" />
        ${styles.map((name) => html`<link rel="stylesheet" href="/public/${name}.css" />`)} ${head}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        ${sisters(look, addresses)} ${body}
        <footer class="foot">
          A demo of Session Hub. It signs in anybody, sells nothing, and listens on this machine only.
          <a href="${addresses.hub}/you">Your sites</a>
        </footer>
      </body>
    </html> `
}

function sisters(look: keyof Addresses, addresses: Addresses): Html {
  const links = siteNames.map((name) => {
    const current = name === look ? html` aria-current="page"` : ''
    return html`<li>
      <a href="${addresses[name]}/" ${current}>
        <img src="/public/${name}.svg" alt="" width="20" height="20" />${profiles[name].title}
      </a>
    </li>`
  })
  return html`<nav class="sisters" aria-label="The sites of this demo">
    <a class="hub-link" href="${addresses.hub}/">Session Hub</a>
    <ul>
      ${links}
    </ul>
  </nav>`
}

/** The band at the top. On a narrow screen, the right part of the picture stays visible. */
export const scene = (look: keyof Addresses, words: string) =>
  html`<div class="scene">
    ${picture(`scene-${look}`, '0 0 1200 240', 'xMaxYMax slice')}
    <p>${words}</p>
  </div>`

/** A picture from the sprite. It is decoration, so it has no name for screen readers. */
export const picture = (name: string, box: string, fit = 'xMidYMid') =>
  html`<svg class="picture" viewBox="${box}" preserveAspectRatio="${fit}" aria-hidden="true">
    <use href="/public/art.svg#${name}"></use>
  </svg>`
