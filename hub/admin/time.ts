/** Times as an administrator reads them: in UTC, because the pages do not know where the reader is. */
import { html, type Html } from './html.js'

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

export const moment = (atMs: number): string => clock.format(atMs)

export const time = (atMs: number): Html =>
  html`<time datetime="${new Date(atMs).toISOString()}">${moment(atMs)}</time>`
