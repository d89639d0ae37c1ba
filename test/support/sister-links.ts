/** A page whose links to sisters bring the session along: when that is so, on a machine that is busy too. */
import type { DrivenPage } from './driven-page.js'

/**
 * The ladder listens for clicks and knows the sisters. A tab that has been here before knows them at once, so that says nothing; an
 * explanation comes from the ladder.
 */
export async function untilDecorated(page: DrivenPage): Promise<void> {
  await page.run(() => SessionHub.explain().catch(() => ''))
  await page.until(() => 'session-hub-sisters' in sessionStorage)
}

/** From now on, each click of this document waits for its ticket however long that takes: a visitor is led on without it after 150 ms. */
export const bePatient = (page: DrivenPage): Promise<void> =>
  page.run(() => {
    const soon = window.setTimeout.bind(window)
    window.setTimeout = ((act: () => void, ms?: number) =>
      ms === 150 ? 0 : soon(act, ms)) as typeof setTimeout
  })
