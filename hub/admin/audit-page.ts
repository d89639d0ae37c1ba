/** The page that shows what administrators did. */
import type { Listed } from '../flows/administer.js'
import type { AuditAct, AuditOutcome, NumberedAuditRow } from '../stores/store.js'
import { html, type Html } from './html.js'
import type { Page } from './layout.js'
import { paths } from './paths.js'
import { addressOf } from './query.js'
import { time } from './time.js'

export interface AuditView extends Listed<NumberedAuditRow> {
  readonly subject: string
  readonly isFirst: boolean
}

const ACTS: Readonly<Record<AuditAct, string>> = {
  'sign-in': 'Signed in',
  'sign-out': 'Signed out',
  list: 'Looked at sessions',
  end: 'Ended a session',
  'end-all': 'Ended all of a user’s',
  erase: 'Erased a user',
  'act-as': 'Acted as a user',
  'stop-acting': 'Stopped acting as a user',
  'site-add': 'Added a site',
  'site-change': 'Changed a site',
  'site-disable': 'Turned a site off',
  'site-enable': 'Turned a site on',
  'site-prove': 'Checked who owns a site',
  'site-remove': 'Removed a site',
  'site-rotate-keys': 'Changed a site’s keys',
}

/** Acts for which a number of sessions means nothing. */
const WITHOUT_SESSIONS: readonly AuditAct[] = ['sign-in', 'sign-out', 'act-as', 'stop-acting']
const isWithoutSessions = (act: AuditAct) => WITHOUT_SESSIONS.includes(act) || act.startsWith('site-')

const OUTCOMES: Readonly<Record<AuditOutcome, string>> = {
  done: 'Done',
  nothing: 'Nothing to do',
  refused: 'Refused',
}

export const auditPage = (view: AuditView): Page => ({
  title: view.subject === '' ? 'Audit' : `Audit of ${view.subject}`,
  here: 'audit',
  content: html`<form class="card search" action="${paths.audit}" role="search">
      <div>
        <label for="subject">User whose sessions it concerned</label>
        <input id="subject" name="subject" value="${view.subject}" spellcheck="false" autocapitalize="none" />
      </div>
      <div class="row"><button>Search</button><a href="${paths.audit}">Clear</a></div>
    </form>
    ${view.rows.length === 0 ? html`<p>There is nothing${view.isFirst ? '' : ' more'}.</p>` : table(view)}
    ${pages(view)}`,
})

const table = ({ rows }: AuditView) =>
  html`<table role="table">
    <caption>
      What administrators did, the newest first
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${['When (UTC)', 'Who', 'What', 'Whose', 'Site', 'Sessions', 'From', 'Outcome', 'Why'].map(
          (name) => html`<th role="columnheader" scope="col">${name}</th>`,
        )}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(row)}
    </tbody>
  </table>`

const row = ({
  atMs,
  who,
  act,
  subject,
  site,
  sessions,
  from,
  outcome,
  reason,
  untilMs,
}: NumberedAuditRow): Html =>
  html`<tr role="row">
    <td role="cell" data-name="When (UTC)">${time(atMs)}</td>
    <td role="cell" data-name="Who">${who}</td>
    <td role="cell" data-name="What">${ACTS[act]}</td>
    <td role="cell" data-name="Whose">${subject === null ? '' : html`<bdi>${subject}</bdi>`}</td>
    <td role="cell" data-name="Site">${site ?? ''}</td>
    <td role="cell" data-name="Sessions">${isWithoutSessions(act) ? '' : sessions}</td>
    <td role="cell" data-name="From">${from}</td>
    <td role="cell" data-name="Outcome">
      <span class="${outcome === 'refused' ? 'tag refused' : ''}">${OUTCOMES[outcome]}</span>
    </td>
    <td role="cell" data-name="Why">
      ${reason === undefined ? '' : html`<bdi>${reason}</bdi>`}${untilMs === undefined ? '' : html` (until ${time(untilMs)})`}
    </td>
  </tr>`

function pages({ rows, subject, isFirst, hasMore }: AuditView): Html {
  const last = rows.at(-1)
  if (isFirst && !hasMore) return html``
  const older = last && addressOf(paths.audit, { subject }, { before: String(last.seq) })
  return html`<nav class="row" aria-label="Pages">
    ${isFirst ? '' : html`<a class="button quiet" href="${addressOf(paths.audit, { subject })}">The newest</a>`}
    ${hasMore && older ? html`<a class="button quiet" href="${older}">Older</a>` : ''}
  </nav>`
}
