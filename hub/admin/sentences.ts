/** The result of an act, in words. */
import type { Ended } from '../flows/administer.js'

export interface Done extends Ended {
  /** `false`: more sessions match than have ended. */
  readonly isAll?: boolean
}

export const doneSentence = ({ ended, spared, isAll = true }: Done): string =>
  [
    ended === 0 && spared === 0 ? 'Nothing was left to end.' : `${sessions(ended)} ended.`,
    spared > 0 ? `${sessions(spared)} left alone: you may not end those of an administrator.` : '',
    isAll ? '' : 'There are more. Do it again to continue.',
  ]
    .filter(Boolean)
    .join(' ')

export const sessions = (count: number): string =>
  count === 1 ? '1 session' : `${count.toLocaleString('en')} sessions`
