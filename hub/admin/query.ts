/** Reads what an address of the admin pages asks for, and builds such addresses. */
import type { KeyObject } from 'node:crypto'

import { single } from '../../sdk/http/navigation.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { requireSubject } from '../../sdk/protocol/fields.js'
import { parseOrigin } from '../../sdk/protocol/origins.js'
import type { Sought } from '../flows/administer.js'
import { idOf, refOf } from '../flows/refs.js'
import type { Session } from '../stores/store.js'

/** How many rows a page has. */
export const PAGE = 50

/** The fields of the search, as they appear in an address and in the form. */
export const searchFields = ['subject', 'site', 'from', 'before'] as const
export type SearchText = Readonly<Record<(typeof searchFields)[number], string>>

export const searchText = (query: URLSearchParams): SearchText => ({
  subject: query.get('subject') ?? '',
  site: query.get('site') ?? '',
  from: query.get('from') ?? '',
  before: query.get('before') ?? '',
})

/** The address of the same search, without empty fields. */
export function addressOf(
  path: string,
  text: Partial<SearchText>,
  more: Record<string, string> = {},
): string {
  const query = new URLSearchParams(
    Object.entries({ ...text, ...more }).flatMap(([name, value]) => (value === '' ? [] : [[name, value]])),
  )
  return query.size > 0 ? `${path}?${query}` : path
}

/** @throws SessionHubError `request_invalid`, in words for the person who typed the search */
export function readSearch(secret: KeyObject, query: URLSearchParams): Sought {
  const subject = exact(query, 'subject')
  const site = member(query, 'site')
  const [from, before, after] = [member(query, 'from'), member(query, 'before'), member(query, 'after')]
  if (subject !== undefined) requireSubject(subject)
  return {
    ...(subject !== undefined && { subject }),
    ...(site !== undefined && { site: parseOrigin(site) }),
    ...(from !== undefined && { fromMs: readTime('from', from) }),
    ...(before !== undefined && { beforeMs: readTime('before', before) }),
    ...(after !== undefined && { after: readCursor(secret, after) }),
  }
}

/** @throws SessionHubError `request_invalid` */
export function readAuditSearch(query: URLSearchParams): { subject?: string; beforeSeq?: number } {
  const [subject, before] = [exact(query, 'subject'), member(query, 'before')]
  if (before !== undefined && !/^\d{1,15}$/.test(before)) throw wrong('"before" is the number of a row')
  return {
    ...(subject !== undefined && { subject }),
    ...(before !== undefined && { beforeSeq: Number(before) }),
  }
}

/** The cursor at which the next page begins: after this session. */
export const cursorOf = (secret: KeyObject, { createdAtMs, id }: Session): string =>
  `${createdAtMs}.${refOf(secret, id)}`

function readCursor(secret: KeyObject, text: string): Pick<Session, 'createdAtMs' | 'id'> {
  const [, createdAtMs, ref = ''] = /^(\d{1,15})\.(.*)$/.exec(text) ?? []
  return { createdAtMs: Number(createdAtMs), id: idOf(secret, ref) }
}

/** A day or a moment in UTC, or seconds since 1970. */
function readTime(name: string, text: string): number {
  if (/^\d{1,11}$/.test(text)) return Number(text) * 1000
  const timeMs = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(timeMs)) throw wrong(`"${name}" is a day such as 2026-01-31, or seconds since 1970`)
  return timeMs
}

/** A field that occurs once. An empty field counts as absent. */
function exact(query: URLSearchParams, name: string): string | undefined {
  if (query.getAll(name).length > 1) throw wrong(`"${name}" occurs twice`)
  return single(query, name) || undefined
}

/** For fields in which spaces at the ends mean nothing. Subjects are different: "ada " is another user than "ada", with other sessions. */
const member = (query: URLSearchParams, name: string): string | undefined =>
  exact(query, name)?.trim() || undefined

const wrong = (what: string) => new SessionHubError('request_invalid', what)
