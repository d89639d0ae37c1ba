/** Options are checked once, where they are given; a wrong one never reaches a request. */
import leven from 'leven'

import { SessionHubError } from '../protocol/errors.js'

/**
 * Refuses an unknown option, and suggests the one that was probably meant.
 *
 * @throws SessionHubError `options_invalid`
 */
export function refuseUnknown(where: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw wrong(where, 'an object of options is expected')
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    const meant = closest(key, known)
    throw wrong(
      where,
      `unknown option "${key}"${meant ? `; did you mean "${meant}"?` : `; known are ${known.join(', ')}`}`,
    )
  }
}

export const wrong = (where: string, what: string, cause?: unknown): SessionHubError =>
  new SessionHubError('options_invalid', `${where}: ${what}`, { cause })

/** The known word that was probably meant: one that differs in at most a third of its letters. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, distance: leven(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.candidate
}
