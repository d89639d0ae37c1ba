/** What a step may take from a browser: only what an end, a conflict between two users or an expiry explains. */
import type { Session } from 'session-hub/hub'

import type { Act, Step } from './plan.js'

/** What was so when the step began. */
export interface Before {
  readonly isUp: boolean
  /** Of the site where the step is: whether a user was there, and whether a live session. */
  readonly siteHasUser: boolean
  readonly siteIsLive: boolean
  /** Who has signed in there while the hub did not hear of it. */
  readonly provisional: string | undefined
  readonly hubHasUser: boolean
}

export interface Lost {
  readonly browser: number
  /** A session that held it, as it is now. */
  readonly holder: Session
  /** It led there by a sign-in that nobody can make known any more. */
  readonly nowMs: number
}

/** @param subject of a user in this sequence */
export function explains(step: Step, before: Before, lost: Lost, subject: (user: string) => string): boolean {
  const { browser, holder, nowMs } = lost
  if (holder.expiresAtMs <= nowMs) return true
  // The hub hears now that another user has signed in in this one's place.
  const { provisional } = before
  if (
    provisional !== undefined &&
    holder.endReason === 'signed-in' &&
    ![null, provisional].includes(holder.subject)
  )
    return true
  const byAct = (act: Act) => actExplains(act, before, holder, subject)
  const isHere = 'browser' in step && step.browser === browser
  switch (step.do) {
    case 'revoke':
      return holder.subject === subject(step.user)
    case 'hub comes':
      return holder.endReason === 'signed-out'
    case 'sync':
    case 'redirect':
    case 'follow a link':
      // Two users met, or one user's two sessions.
      return (
        isHere &&
        holder.subject !== null &&
        (before.siteHasUser || step.do === 'follow a link') &&
        before.hubHasUser
      )
    case 'late':
      // What a site said before it knew, it cannot take back.
      if (step.slow === 'answer') return isHere
      return (
        byAct(step.act) ||
        byAct(step.then) ||
        (isHere && (step.act.do === 'sign out' || areTwo(step.act, step.then))) ||
        (isHere && step.act.do === 'store' && !before.siteIsLive)
      )
    case 'twice': {
      const [one, other] = step.acts
      const isRace = step.process !== step.other && one.do !== other.do
      if (isHere && (isRace || areTwo(one, other) || !before.siteIsLive)) return true
      // What the sign-in has begun ends where the sign-out comes second.
      return byAct(one) || byAct(other) || (isHere && signInBesideSignOut(step) !== undefined)
    }
    case 'visit':
    case 'store':
    case 'sign in':
    case 'sign out':
      return byAct(step)
    case 'clock':
    case 'skew':
    case 'attack':
    case 'opt out':
    case 'opt in':
    case 'hub goes':
      return false
  }
}

/** @returns the user */
export function signInBesideSignOut(step: Step): string | undefined {
  if (step.do !== 'twice' || !step.acts.some((act) => act.do === 'sign out')) return undefined
  return step.acts.find((act) => act.do === 'sign in')?.user
}

/** Two users sign in with one cookie: what was in the cart is the first one's. */
const areTwo = (one: Act, other: Act) =>
  one.do === 'sign in' && other.do === 'sign in' && one.user !== other.user

function actExplains(
  act: Act,
  { isUp, provisional }: Before,
  holder: Session,
  subject: (user: string) => string,
): boolean {
  if (act.do === 'sign out')
    return (
      !isUp ||
      holder.endReason === 'signed-out' ||
      // Its sign-in was made known, and the session that all has moved into is over.
      (provisional !== undefined && holder.endReason === 'signed-in')
    )
  if (act.do !== 'sign in') return false
  const who = subject(act.user)
  const isOver = holder.endReason === 'signed-in' && provisional !== undefined && provisional !== who
  return isOver || (holder.subject !== null && holder.subject !== who)
}
