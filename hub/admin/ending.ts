/** Ends sessions: one session immediately; several, all of a user's, or all that match a search after a confirmation. */
import express, { type Response, type Router } from 'express'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isSubject } from '../../sdk/protocol/fields.js'
import {
  type Administration,
  countFound,
  endFound,
  endSelected,
  endSession,
  endSubject,
  MOST_AT_ONCE,
} from '../flows/administer.js'
import { idOf } from '../flows/refs.js'
import { confirmPage, type Question } from './confirm-page.js'
import type { Guard } from './guard.js'
import { hidden, send } from './layout.js'
import { paths } from './paths.js'
import { addressOf, PAGE, readSearch, searchFields, searchText } from './query.js'
import { tellNext } from './news.js'
import { type Done, sessions } from './sentences.js'
import { type Act, acted } from './visits.js'

export function endingPages(at: Administration, guard: Guard): Router {
  const { hub } = at
  const router = express.Router()

  router.post(
    paths.end,
    acted(hub, guard, async ({ by, form }, res) => {
      const wasLive = await endSession(at, by, idOf(hub.secret, form.get('one') ?? ''))
      back(res, form, { ended: wasLive ? 1 : 0, spared: 0 })
    }),
  )

  router.post(
    paths.endSelected,
    acted(hub, guard, async (act, res) => {
      const { by, form } = act
      const refs = form.getAll('ref')
      if (refs.length === 0 || refs.length > PAGE)
        throw new SessionHubError('request_invalid', `Select 1 to ${PAGE} sessions first`)
      const ids = refs.map((ref) => idOf(hub.secret, ref))
      if (isSure(form)) {
        back(res, form, await endSelected(at, by, ids))
        return
      }
      ask(res, act, {
        title: `End ${sessions(refs.length)}?`,
        words: `${sessions(refs.length)} will end on every site at once. ${LOSS}`,
        action: paths.endSelected,
        more: refs.map((ref) => hidden('ref', ref)),
      })
    }),
  )

  router.post(
    paths.endSubject,
    acted(hub, guard, async (act, res) => {
      const { by, form } = act
      const subject = form.get('subject') ?? ''
      if (!isSubject(subject)) throw new SessionHubError('request_invalid', 'Search for a user first')
      if (isSure(form)) {
        back(res, form, { ended: await endSubject(at, by, subject), spared: 0 })
        return
      }
      ask(res, act, {
        title: `End all sessions of ${subject}?`,
        words: `${subject} will be signed out on every site, in every browser, at once.`,
        action: paths.endSubject,
      })
    }),
  )

  router.post(
    paths.endFound,
    acted(hub, guard, async (act, res) => {
      const { by, form } = act
      // Everything that matches, not only the list from this page on: the place in the list travels under another name.
      const sought = readSearch(hub.secret, form)
      if (isSure(form)) {
        back(res, form, await endFound(at, by, sought))
        return
      }
      const count = await countFound(at, by, sought)
      ask(res, act, {
        title: `End ${amount(count)}?`,
        words: `${described(form)} will end on every site at once. ${LOSS}`,
        action: paths.endFound,
      })
    }),
  )
  return router
}

const isSure = (form: URLSearchParams): boolean => form.get('sure') === 'yes'

function ask(
  res: Response,
  { visit, form }: Act,
  question: Pick<Question, 'title' | 'words' | 'action'> & { readonly more?: Question['fields'] },
): void {
  const text = searchText(form)
  const page = form.get('page') ?? ''
  const fields = [
    searchFields.map((name) => hidden(name, text[name])),
    hidden('page', page),
    question.more ?? '',
  ]
  const back = addressOf(paths.sessions, text, { after: page })
  send(res, 200, visit, confirmPage({ visit, ...question, fields, back }))
}

/** Returns to the page of the list that the form came from. A reload there does not end anything again (R24). */
function back(res: Response, form: URLSearchParams, done: Done): void {
  const after = form.get('page') ?? ''
  tellNext(res, done)
  res.redirect(303, addressOf(paths.sessions, searchText(form), { after }))
}

/** What people lose that exists nowhere but in their session. */
const LOSS = 'Signed-in users must sign in again, and anonymous visitors lose their carts.'

const amount = (count: number): string =>
  count > MOST_AT_ONCE ? `the newest ${sessions(MOST_AT_ONCE)} of more` : sessions(count)

function described(form: URLSearchParams): string {
  const { subject, site, from, before } = searchText(form)
  const parts = [
    subject && `of ${subject}`,
    site && `that began at ${site}`,
    from && `that began on ${from} or after`,
    before && `that began before ${before}`,
  ].filter(Boolean)
  return parts.length > 0 ? `All sessions ${parts.join(', ')},` : 'Everybody’s sessions'
}
