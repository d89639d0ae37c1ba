/** What the server says about itself: whether it keeps what it has answered, and what a failover would lose. */

export interface Allowances {
  readonly mayEvict: boolean
  readonly mayForget: boolean
}

/** The lines of INFO, by name. */
export type Info = ReadonlyMap<string, string>

export const readInfo = (reply: string): Info =>
  new Map(
    [...reply.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', content = '']) => [name, content] as const),
  )

export const replicasOf = (info: Info): number => Number(info.get('connected_slaves') ?? 0)

const policyOf = (info: Info) => info.get('maxmemory_policy') ?? 'noeviction'

/** @returns why no session may be kept here */
export function faultOf(info: Info, { mayEvict, mayForget }: Allowances): string | undefined {
  const policy = policyOf(info)
  if (policy !== 'noeviction' && !mayEvict)
    return `the server has "maxmemory-policy" ${policy}: where its memory is full, it throws away sessions, and the fact that a ticket was spent. Set it to noeviction, or allow this by "mayEvict"`
  if (info.get('aof_enabled') !== '1' && !mayForget)
    return 'the server has "appendonly" no: a restart loses what it has answered, spent tickets among it. Set it to yes, or allow this by "mayForget"'
  return undefined
}

/** @param fsync the server's `appendfsync`; `undefined` if the server does not tell */
export function durabilityOf(info: Info, fsync: string | undefined, replicas: number): string {
  const whenFull =
    policyOf(info) === 'noeviction' ? '' : '; where its memory is full, it throws away what was answered'
  return `${afterCrash(info, fsync)}; ${afterFailover(info, replicas)}${whenFull}`
}

function afterCrash(info: Info, fsync: string | undefined): string {
  if (info.get('aof_enabled') !== '1') return 'A restart of the server loses what it has answered'
  if (fsync === 'always') return 'What was answered survives a crash of the server, and a power loss'
  // While a slow disk works on one second, the writes of the next two are answered and wait in the server's memory.
  const lost = fsync === 'everysec' ? 'the last two seconds' : 'what was answered last'
  return `A crash of the server, or a power loss, may lose ${lost}`
}

function afterFailover(info: Info, replicas: number): string {
  if (replicas > 0)
    return `a failover loses nothing that was answered if it promotes one of the replicas that have confirmed it: ${replicas} of ${replicasOf(info)} do`
  return replicasOf(info) > 0
    ? 'a failover may lose what was answered last: nobody waits for the replicas'
    : 'there is no replica, and all is lost with the server’s disk'
}
