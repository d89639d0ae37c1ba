/** If the frame is not available, the other rungs are loaded at once, because a popup has to open within the click itself. */
import type { Ladder } from '../ladder/kit.js'
import type { Climb, LiveKit } from './kit.js'
import { syncNext } from './sync-next.js'

export function climbWhereBlocked(kit: LiveKit): Climb {
  const { client, on, rungs, settle, endpoint, said } = kit
  const hasFrame = rungs.includes('frame')
  let ladder: Ladder | undefined
  let loading: Promise<Ladder> | undefined
  /** Resolves once the frame is known to be unavailable. */
  let reach!: (ladder: Ladder) => void
  const reached = new Promise<Ladder>((resolve) => (reach = resolve))

  const load = () =>
    (loading ??= kit.load('ladder', endpoint).then(
      ({ create }) => (ladder = create({ ...kit, syncBy: (by) => syncNext(kit, by) })),
      (error: unknown) => {
        // The next attempt tries again.
        loading = undefined
        throw error
      },
    ))
  const lost = () => settle({ reason: 'unreachable' })

  function climb(): void {
    const { isBlocked } = client.status
    // The browser no longer blocks, so later listeners are not told that it did.
    if (!isBlocked) said['access-needed'] = undefined
    if ((isBlocked && rungs.length > 1) || !hasFrame)
      load().then(
        (there) => {
          reach(there)
          there.announce()
        },
        () => 0,
      )
  }
  on('synced', climb)
  on('sync-failed', climb)
  // Without the frame, no sync reports its end.
  if (!hasFrame) climb()

  return {
    requestAccess: (theme) =>
      ladder?.requestAccess(theme) ?? load().then((there) => there.requestAccess(theme), lost),
    accessButton: (stop, element, theme) =>
      reached.then((there) => {
        if (element) there.accessButton(stop, element, theme)
        return undefined
      }),
    decorate: (stop) =>
      reached.then((there) => {
        there.decorate(stop)
        return undefined
      }),
    redirect: ({ returnTo } = {}) =>
      load().then((there) => {
        there.redirect(returnTo)
      }, lost),
    explain: () => load().then((there) => there.explain()),
  }
}
