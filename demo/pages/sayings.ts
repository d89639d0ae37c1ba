/** What a page says about the form that led to it. The address names the sentence, and cannot make the page say anything else. */

const SAYINGS = {
  ended: 'That session has ended: the device is signed out, on every site.',
  gone: 'That session had already ended.',
  others: 'All other sessions have ended. You are signed in only here.',
  // While the hub is away, the site tells it later.
  everywhere: 'You are signed out here, and everywhere else in a moment.',
  changed: 'Done. All your other devices are signed out.',
  sign_in_required: 'That needs a fresh sign-in. Nothing was changed.',
  session_ended: 'Your session was ended on another device. Nothing was changed.',
  request_invalid: 'Enter 1 to 80 characters.',
  unavailable: 'That is not possible right now. Nothing was changed. Try again in a moment.',
} as const

export type Saying = keyof typeof SAYINGS

export const isSaying = (value: unknown): value is Saying =>
  typeof value === 'string' && Object.hasOwn(SAYINGS, value)

/** @param said as the address has it @returns the sentence; nothing for an unknown name */
export const saying = (said: unknown): string => (isSaying(said) ? SAYINGS[said] : '')
