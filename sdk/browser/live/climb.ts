/** Where the frame is no way, the other rungs are loaded at once: a popup has to open in the very click. */
import type { Ladder } from '../ladder/kit.js'
import type { Climb, LiveKit } from './kit.js'
import { syncNext } from './sync-next.js'

export function climbWhereBlocked(kit: LiveKit): Climb {
  const { client, on, rungs, settle, endpoint, said } = kit
  const hasFrame = rungs.includes('frame')
  let ladder: Ladder | undefined
  let loading: Promise<Ladder> | undefined
  /** Resolves once the frame is known to be no way. */
  let reach!: (ladder: Ladder) => void
  const reached = new Promise<Ladder>((resolve) => (reach = resolve))

  const load = () =>
    (loading ??= kit.load('ladder', endpoint).then(
      ({ create }) => (ladder = create({ ...kit, syncBy: (by) => syncNext(kit, by) })),
      (error: unknown) => {
        // The next one tries again.
        loading = undefined
        throw error
      },
    ))
  const lost = () => settle({ reason: 'unreachable' })

  function climb(): void {
    const { isBlocked } = client.status
    // The browser does not block any more: who listens from now on is not told of it.
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
  // There, no sync tells of its end.
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
