/** The visitor's own page as HTML. It works without a script, and has none. */
import type { ServerResponse } from 'node:http'

import { browserName } from '../../../sdk/http/browser-name.js'
import { hubPaths } from '../../../sdk/protocol/wire.js'
import type { Device, OwnSession } from '../../flows/own-sessions.js'
import type { Session } from '../../stores/store.js'
import { cspHash } from '../../page-scripts.js'
import { escaped, pageHeaders, sendPage } from '../page.js'
import { STYLE } from './style.js'

/** The page has no scripts, so no script runs, whatever somebody has written into a name. No window that opened this page can control it. */
const headers = {
  ...pageHeaders(`style-src ${cspHash(STYLE)}`, "'none'", "'self'"),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-robots-tag': 'noindex',
}

export function sendYou(res: ServerResponse, status: number, content: string): void {
  const head = `<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Your sites</title><style>${STYLE}</style>`
  sendPage(res, status, headers, `${head}<main><h1>Your sites</h1>${content}</main>`)
}

/** Shown to every visitor whom another page has sent here: the same bytes for each of them (R39). */
export const startContent = (host: string): string =>
  `<p><b>${escaped(host)}</b> shares one session among several sites, such as a shopping cart or a sign-in.</p><p><a class=button href="${hubPaths.you}">Show my sites</a></p>`

export const faultContent = (words: string): string =>
  `<p role=alert class=news>${escaped(words)}</p><p><a class=button href="${hubPaths.you}">Try again</a></p>`

/** The result of a form. */
const NEWS: Readonly<Record<Act, string>> = {
  'sign-out': 'You are signed out in this browser.',
  everywhere: 'You are signed out in all browsers.',
  end: 'That device is signed out.',
  off: 'This browser shares nothing from now on.',
  on: 'This browser shares your session again.',
}

export const acts = ['sign-out', 'everywhere', 'end', 'off', 'on'] as const
export type Act = (typeof acts)[number]

export interface Shown {
  readonly own: readonly OwnSession[]
  readonly isOff: boolean
  readonly done: Act | undefined
  /** The tag that each form returns. */
  readonly tag: string
}

export function youContent({ own, isOff, done, tag }: Shown): string {
  const news = done === undefined ? '' : `<p role=status class=news>${NEWS[done]}</p>`
  const form = (content: string) =>
    `<form method=post action="${hubPaths.you}"><input type=hidden name=form value="${tag}">${content}</form>`
  return `${news}${isOff ? off(form) : `${sessionsOf(own, form)}${sharing(form)}`}`
}

type Form = (content: string) => string

const button = (act: Act, words: string, kind = '') =>
  `<button name=act value=${act}${kind}>${words}</button>`

const off = (form: Form) =>
  `<p>This browser shares nothing among the sites. Each site keeps the session that it has.</p>${form(button('on', 'Share my session again'))}`

const sharing = (form: Form) =>
  `<section><h2>Sharing</h2><p>Without sharing, each site has a session of its own: a cart stays where it was filled.</p>${form(button('off', 'Share nothing in this browser', ' class=quiet'))}</section>`

function sessionsOf(own: readonly OwnSession[], form: Form): string {
  if (own.length === 0) return '<p>This browser shares no session at the moment.</p>'
  const isSignedIn = own.some(({ session }) => session.subject !== null)
  const here = button('sign-out', isSignedIn ? 'Sign out in this browser' : 'End this session')
  const everywhere = isSignedIn ? button('everywhere', 'Sign out in all browsers', ' class=quiet') : ''
  return own.map((one) => sessionOf(one, form)).join('') + form(`<p class=row>${here}${everywhere}</p>`)
}

function sessionOf({ session, sites, devices }: OwnSession, form: Form): string {
  const who =
    session.subject === null
      ? 'You are not signed in. These sites share a session without a name, such as a cart.'
      : `You are signed in${nameOf(session)}.`
  const places =
    sites.length === 0
      ? '<p>No site uses this session at the moment.</p>'
      : `<ul>${sites.map((site) => `<li><a href="${escaped(site)}/" rel=noreferrer>${escaped(new URL(site).host)}</a>`).join('')}</ul>`
  const list =
    devices.length === 0
      ? ''
      : `<h2>Where you are signed in</h2><ul class=devices>${devices.map((device) => deviceOf(device, form)).join('')}</ul>`
  return `<section><p>${who}</p><h2>Sites with this session</h2>${places}${list}</section>`
}

/** Uses the claims that OpenID Connect has for names; an id means nothing to a person. */
function nameOf({ claims }: Session): string {
  const name = [claims.name, claims.preferred_username, claims.email].find(
    (one): one is string => typeof one === 'string' && one.trim() !== '',
  )
  return name === undefined ? '' : ` as <b>${escaped(name.slice(0, 100))}</b>`
}

function deviceOf({ ref, session, isCurrent }: Device, form: Form): string {
  const name = escaped(browserName(session.agent))
  const used = `Last used ${time(session.seenAtMs)}${session.site ? `, signed in at ${escaped(new URL(session.site).host)}` : ''}`
  const words = isCurrent
    ? '<b>This browser</b>'
    : form(
        `<input type=hidden name=ref value="${ref}"><button name=act value=end class=quiet>Sign out<span class=unseen> ${name}</span></button>`,
      )
  return `<li><div><b>${name}</b><br>${used}</div>${words}`
}

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

/** In UTC, because the hub does not know where the reader is. */
const time = (atMs: number) =>
  `<time datetime="${new Date(atMs).toISOString()}">${clock.format(atMs)} UTC</time>`
