/** Names the purpose of a request with one word of a short list. A stranger's path is never a name. */
import { type BackchannelAct, backchannelActs, hubPaths } from '../../sdk/protocol/wire.js'

const PATHS = {
  [hubPaths.frame]: 'frame',
  [hubPaths.look]: 'look',
  [hubPaths.exchange]: 'exchange',
  [hubPaths.forget]: 'forget',
  [hubPaths.access]: 'access',
  [hubPaths.unlock]: 'unlock',
  [hubPaths.redirect]: 'redirect',
  [hubPaths.you]: 'you',
  [hubPaths.batch]: 'batch',
  [hubPaths.events]: 'events',
  [hubPaths.companySignOut]: 'company-sign-out',
} as const

export type RouteName = (typeof PATHS)[keyof typeof PATHS] | BackchannelAct | 'other'

const acts: ReadonlySet<string> = new Set(backchannelActs)

export function routeName(path: string): RouteName {
  if (Object.hasOwn(PATHS, path)) return PATHS[path as keyof typeof PATHS]
  const act = path.slice(hubPaths.backchannel.length + 1)
  return acts.has(act) ? (act as BackchannelAct) : 'other'
}
