/** What an act came to, in words. It travels in the address of the page that says it, as numbers. */
import type { Ended } from '../flows/administer.js'

export interface Done extends Ended {
  /** `false`: more of what was asked for is left. */
  readonly isAll?: boolean
}

export const doneQuery = ({ ended, spared, isAll = true }: Done): Record<string, string> => ({
  ended: String(ended),
  ...(spared > 0 && { spared: String(spared) }),
  ...(!isAll && { left: '1' }),
})

/** Empty where nothing was done. */
export function doneSentence(query: URLSearchParams): string {
  const [ended, spared] = [count(query, 'ended'), count(query, 'spared')]
  if (ended === undefined) return ''
  return [
    ended === 0 && !spared ? 'Nothing was left to end.' : `${sessions(ended)} ended.`,
    spared ? `${sessions(spared)} left alone: you may not end those of an administrator.` : '',
    query.has('left') ? 'There are more: do it once more to go on.' : '',
  ]
    .filter(Boolean)
    .join(' ')
}

export const sessions = (count: number): string =>
  count === 1 ? '1 session' : `${count.toLocaleString('en')} sessions`

function count(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined
}
