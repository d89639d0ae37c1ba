/** The parts that every admin page shares. */
import type { ServerResponse } from 'node:http'

import { cspHash } from '../page-scripts.js'
import { pageHeaders, sendPage } from '../routes/page.js'
import { html, Html } from './html.js'
import { paths, sitePaths } from './paths.js'
import { STYLE } from './style.js'

/** One visit to a page: who visits, and what the page's forms have to carry. */
export interface Visit {
  /** Empty on the sign-in page. */
  readonly name: string
  readonly canSignOut: boolean
  /** Whether the head has a link to the sites in the store. */
  readonly hasSites: boolean
  readonly formTag: string
}

export interface Page {
  readonly title: string
  /** What has just happened. It comes first in the window's title, which screen readers read out when a page loads. */
  readonly news?: string
  /** The link of the head that leads here. */
  readonly here?: 'sessions' | 'sites' | 'audit'
  readonly content: Html
}

/** The pages have no scripts, so no script runs, whatever somebody has written into a name (R32). */
const headers = {
  ...pageHeaders(`style-src ${cspHash(STYLE)}`, "'none'", "'self'"),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-robots-tag': 'noindex',
}

export function send(res: ServerResponse, status: number, visit: Visit | undefined, page: Page): void {
  sendPage(res, status, headers, documentOf(visit, page).text)
}

/** @param visit `undefined` if something failed before the caller was known */
const documentOf = (visit: Visit | undefined, { title, news = '', here, content }: Page): Html =>
  html`<html lang="en">
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${news} ${title} · Session Hub</title>
    ${style}
    <a class="skip" href="#main">Skip to the content</a>
    ${head(visit, here)}
    <main id="main" tabindex="-1">
      <h1>${title}</h1>
      ${content}
    </main>
  </html>`

function head(visit: Visit | undefined, here: Page['here']): Html {
  const isKnown = visit !== undefined && visit.name !== ''
  return html`<header class="head">
    <a class="brand" href="${paths.sessions}">Session Hub</a>
    ${isKnown ? links(visit, here) : ''} ${isKnown ? who(visit) : ''}
  </header>`
}

const links = ({ hasSites }: Visit, here: Page['here']) =>
  html`<nav aria-label="Administration">
    <ul>
      ${link(paths.sessions, 'Sessions', here === 'sessions')}
      ${hasSites ? link(sitePaths.sites, 'Sites', here === 'sites') : ''}
      ${link(paths.audit, 'Audit', here === 'audit')}
    </ul>
  </nav>`

const link = (address: string, words: string, isHere: boolean) =>
  html`<li><a href="${address}" ${isHere ? html`aria-current="page"` : ''}>${words}</a></li>`

const who = (visit: Visit) =>
  visit.canSignOut
    ? html`<form method="post" action="${paths.signOut}">
        ${own(visit)}<span>${visit.name}</span>
        <button class="quiet">Sign out</button>
      </form>`
    : html`<span>${visit.name}</span>`

/** The hidden field that proves that a form belongs to this page. */
export const own = ({ formTag }: Visit): Html => html`<input type="hidden" name="form" value="${formTag}" />`

export const hidden = (name: string, value: string): Html =>
  value === '' ? html`` : html`<input type="hidden" name="${name}" value="${value}" />`

/** In one piece, because the policy allows it by its hash. */
const style = new Html(`<style>${STYLE}</style>`)
