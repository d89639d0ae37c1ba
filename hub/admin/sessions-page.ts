/** The list of sessions: whose they are, where they began, and buttons that end them. */
import type { KeyObject } from 'node:crypto'

import { browserName } from '../../sdk/http/browser-name.js'
import type { FoundSession, Listed } from '../flows/administer.js'
import { type Admin, mayEnd } from '../flows/permissions.js'
import { refOf } from '../flows/refs.js'
import { html, type Html } from './html.js'
import { hidden, own, type Page, type Visit } from './layout.js'
import { paths } from './paths.js'
import { addressOf, cursorOf, searchFields, type SearchText } from './query.js'
import { sessions as counted } from './sentences.js'
import { moment, time } from './time.js'

export interface SessionsView extends Listed<FoundSession> {
  readonly visit: Visit
  readonly admin: Admin
  readonly secret: KeyObject
  readonly text: SearchText
  /** The cursor at which this page begins; empty for the first page. */
  readonly page: string
  /** The result of an act. */
  readonly news: string
  /** What is wrong with the search. */
  readonly fault: string
}

export const sessionsPage = (view: SessionsView): Page => ({
  title: view.text.subject === '' ? 'Sessions' : `Sessions of ${view.text.subject}`,
  news: view.news || view.fault,
  here: 'sessions',
  content: html`
    ${view.news === '' ? '' : html`<p class="news" role="status">${view.news}</p>`}
    ${view.fault === '' ? '' : html`<p class="fault" role="alert">${view.fault}</p>`} ${search(view.text)}
    ${view.fault === '' ? results(view) : ''}
  `,
})

const search = (text: SearchText) =>
  html`<form class="card search" action="${paths.sessions}" role="search">
    <div><label for="subject">User</label>${field('subject', text.subject)}</div>
    <div>
      <label for="site">Site</label
      ><input
        id="site"
        name="site"
        value="${text.site}"
        placeholder="https://shop.example"
        spellcheck="false"
      />
    </div>
    <div><label for="from">Began on or after (UTC)</label>${day('from', text.from)}</div>
    <div><label for="before">Began before (UTC)</label>${day('before', text.before)}</div>
    <div class="row"><button>Search</button><a href="${paths.sessions}">Clear</a></div>
  </form>`

const field = (name: string, value: string) =>
  html`<input id="${name}" name="${name}" value="${value}" spellcheck="false" autocapitalize="none" />`

const day = (name: string, value: string) =>
  html`<input id="${name}" name="${name}" type="date" value="${value}" />`

function results(view: SessionsView): Html {
  const { rows, page, admin } = view
  if (rows.length === 0)
    return html`<p>${page === '' ? `No live session matches.${spaced(view.text)}` : 'There are no more.'}</p>`
  const mayEndSome = rows.some(({ isAdmins }) => mayEnd(admin, isAdmins))
  return html`<form class="stack" method="post" action="${paths.endSelected}">
      ${own(view.visit)} ${searchFields.map((name) => hidden(name, view.text[name]))}
      ${hidden('page', view.page)} ${mayEndSome ? actions(view) : ''} ${table(view)}
    </form>
    ${pages(view)}`
}

/** A space is invisible: a name that was copied with a space at its end finds nobody. */
const spaced = ({ subject }: SearchText) =>
  subject === subject.trim() ? '' : ' The name of the user begins or ends with a space.'

/** They come before the list, because Enter presses the first button of a form, and this one asks for confirmation. */
const actions = (view: SessionsView) =>
  html`<div class="row actions"><button class="ends">End selected…</button>${more(view)}</div>`

/** Buttons of the same form with other targets. */
function more({ text }: SessionsView): Html {
  const given = searchFields.filter((name) => text[name] !== '')
  if (given.join() === 'subject')
    return html`<button class="ends long" formaction="${paths.endSubject}">
      End all of ${text.subject}…
    </button>`
  const words = given.length === 0 ? 'End everybody’s…' : 'End all that match…'
  return html`<button class="ends" formaction="${paths.endFound}">${words}</button>`
}

const table = (view: SessionsView) =>
  html`<table role="table">
    <caption>
      ${counted(view.rows.length)}${view.hasMore || view.page !== '' ? ' on this page' : ''}, the newest first
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col"><span class="unseen">Select</span></th>
        ${['User', 'Site', 'Browser', 'Began (UTC)', 'Last seen (UTC)'].map(
          (name) => html`<th role="columnheader" scope="col">${name}</th>`,
        )}
        <th role="columnheader" scope="col"><span class="unseen">End</span></th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${view.rows.map((session) => row(view, session))}
    </tbody>
  </table>`

function row({ admin, secret }: SessionsView, session: FoundSession): Html {
  const { id, subject, site, sites, agent, createdAtMs, seenAtMs, isAdmins } = session
  const ref = refOf(secret, id)
  const whose = `the session of ${subject ?? 'an anonymous visitor'}, ${browserName(agent)}, begun ${moment(createdAtMs)}`
  const isMine = mayEnd(admin, isAdmins)
  return html`<tr role="row">
    <td role="cell">
      ${isMine ? html`<input type="checkbox" name="ref" value="${ref}" aria-label="Select ${whose}" />` : ''}
    </td>
    <td role="cell" data-name="User">
      <span>${user(subject)} ${isAdmins ? html`<span class="tag">Administrator</span>` : ''}</span>
    </td>
    <td role="cell" data-name="Site">${site} ${elsewhere(sites.filter((one) => one !== site))}</td>
    <td role="cell" data-name="Browser">${browser(agent)}</td>
    <td role="cell" data-name="Began (UTC)">${time(createdAtMs)}</td>
    <td role="cell" data-name="Last seen (UTC)">${time(seenAtMs)}</td>
    <td role="cell">${isMine ? endButton(ref, whose) : ''}</td>
  </tr>`
}

/** The sites where the session is in use, besides the one where it began. */
const elsewhere = (sites: readonly string[]) =>
  sites.length === 0
    ? ''
    : html`<details>
        <summary>and on ${sites.length} more</summary>
        <p>${sites.join(', ')}</p>
      </details>`

const user = (subject: string | null) =>
  subject === null
    ? html`Anonymous`
    : html`<a href="${addressOf(paths.sessions, { subject })}"><bdi>${subject}</bdi></a>`

/** The name is a guess. Below it is what the browser itself has said. */
const browser = (agent: string | null) =>
  agent === null
    ? html`Unknown`
    : html`<details>
        <summary>${browserName(agent)}</summary>
        <p>${agent}</p>
      </details>`

const endButton = (ref: string, whose: string) =>
  html`<button class="quiet" name="one" value="${ref}" formaction="${paths.end}">
    End<span class="unseen"> ${whose}</span>
  </button>`

function pages({ secret, text, page, hasMore, rows }: SessionsView): Html {
  const last = rows.at(-1)
  if (page === '' && !hasMore) return html``
  return html`<nav class="row" aria-label="Pages">
    ${page === '' ? '' : html`<a class="button quiet" href="${addressOf(paths.sessions, text)}">The newest</a>`}
    ${
      hasMore && last
        ? html`<a
            class="button quiet"
            href="${addressOf(paths.sessions, text, { after: cursorOf(secret, last) })}"
            >Older</a
          >`
        : ''
    }
  </nav>`
}
