/** `session-hub sites add` and `session-hub sites list`. */
import { resolve } from 'node:path'

import { originFault } from '../../sdk/protocol/origins.js'
import { defaultEndpoint } from '../../sdk/protocol/wire.js'
import { reasonOf } from '../../sdk/settings/log.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { generateSite } from '../keys/generate.js'
import { readSite, type SharePolicy, type SiteRegistration } from '../sites/site.js'
import { type Command, readArguments, UsageError } from './command.js'
import { parseFile, shown, writePrivate } from './files.js'
import { checkedSites, readSiteFile, sharedHostDoubt, sharedHosts } from './site-list.js'
import { hint } from './terminal.js'

export const addSite: Command = {
  summary: "make a site's keys, and what the hub registers",
  help: `Usage: session-hub sites add <origin> [--file <file>] [--sister <origin>]... [--endpoint <path>]
                                    [--receive-only] [--group <name>] [--pairwise]
                                    [--share-claims <names>] [--share-read <names>] [--share-write <names>]
                                    [--json]

Makes the keys of one site, such as https://shop.example. Two things come out:

  - a line for the site's environment, read by createSite({ keys: process.env.SESSION_HUB_KEYS })
  - the site's registration, for the hub's "sites"

Both hold secrets: the site's private keys, and the ticket key that site and hub share.

Options:
  --file <file>           add the registration to this list, made if need be (mode 0600), and print the line alone
  --sister <origin>       a site that this one may know of and link to; once for each (default: none)
  --endpoint <path>       where the site's endpoints are, if its own option says so (default ${defaultEndpoint})
  --receive-only          sessions that began on this site do not become the hub's ("mayOffer": false)
  --group <name>          share the session with the sites of this group only (default: with all that name none)
  --pairwise              the site knows users by names of its own
  --share-claims <names>  the claims that the site sees, and may set at sign-in (default: all)
  --share-read <names>    the keys of the data that the site sees (default: all)
  --share-write <names>   the keys of the data that the site may change (default: those of --share-read)
  --json                  print { "keys", "registration" } as JSON

Names stand with commas between them, such as cart,wish; "" names none.

Examples:
  umask 077; session-hub sites add https://shop.example --file sites.json > shop.env
  session-hub sites add https://partner.example --receive-only --pairwise --share-claims plan --share-read cart
`,
  async run(args, name) {
    const flags = {
      file: { type: 'string' },
      sister: { type: 'string', multiple: true },
      endpoint: { type: 'string' },
      'receive-only': { type: 'boolean' },
      group: { type: 'string' },
      pairwise: { type: 'boolean' },
      'share-claims': { type: 'string' },
      'share-read': { type: 'string' },
      'share-write': { type: 'string' },
      json: { type: 'boolean' },
    } as const
    const { values, positionals } = readArguments(name, args, flags, [
      '<origin>, such as https://shop.example',
    ])
    const [origin = ''] = positionals
    const fault = originFault(origin)
    if (fault) throw new UsageError(fault, name)
    const share = sharePolicy({
      claims: values['share-claims'],
      read: values['share-read'],
      write: values['share-write'],
    })
    const { keys, registration: made } = await generateSite(origin)
    const registration = {
      ...made,
      ...(values['receive-only'] && { mayOffer: false }),
      ...(values.endpoint !== undefined && { endpoint: values.endpoint }),
      ...(values.sister && { sisters: values.sister }),
      ...(values.group !== undefined && { group: values.group }),
      ...(share && { share }),
      ...(values.pairwise && { pairwise: true }),
    }
    await readSite(registration, name).catch((fault: unknown) => {
      throw new UsageError(reasonOf(fault), name)
    })
    const file = values.file === undefined ? undefined : resolve(values.file)
    const doubts = file === undefined ? [] : await register(registration, file)

    const environment = `SESSION_HUB_KEYS='${JSON.stringify(keys)}'\n`
    if (values.json) process.stdout.write(pretty({ keys, registration }))
    else if (file !== undefined) process.stdout.write(environment)
    else process.stdout.write(forPeople(origin, environment, registration))

    if (file === undefined) return
    for (const doubt of doubts) hint(doubt)
    hint(`${shown(file)} registers ${origin} now; a running hub reads it when it starts again.`)
    hint(`What stdout got is for the environment of ${origin}, and is not kept anywhere.`)
  },
}

/** The lists that were given, `undefined` if none was: that is another thing than an empty one. */
function sharePolicy(given: Record<keyof SharePolicy, string | undefined>): SharePolicy | undefined {
  const lists = Object.entries(given).flatMap(([name, names]) =>
    names === undefined ? [] : [[name, namesIn(names)] as const],
  )
  return lists.length > 0 ? Object.fromEntries(lists) : undefined
}

const namesIn = (list: string) =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

const forPeople = (origin: string, environment: string, registration: SiteRegistration) =>
  `# The environment of ${origin} (secret)
${environment}
# The hub's "sites" (secret too: it holds the ticket key)
${pretty(registration)}`

export const listSites: Command = {
  summary: 'show the registered sites',
  help: `Usage: session-hub sites list --file <file>

Shows each registered site with the names of its keys, never the keys. What a registration does not say is not shown.

Options:
  --file <file>  the list that "session-hub sites add --file" wrote
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { file: { type: 'string' } })
    if (values.file === undefined) throw new UsageError(`"${name}" needs "--file <file>"`, name)
    const path = resolve(values.file)
    const sites = await readSiteFile(path)
    const width = Math.max(0, ...sites.map(({ origin }) => origin.length))
    for (const site of sites) process.stdout.write(`${site.origin.padEnd(width)}  ${described(site)}\n`)
    if (sites.length === 0) hint(`${shown(path)} lists no site yet.`)
  },
}

/** @returns what to think of beside it */
async function register(registration: SiteRegistration, path: string): Promise<readonly string[]> {
  let doubts: readonly string[] = []
  await writePrivate(path, async (before = '[]') => {
    const sites = await checkedSites(parseFile(before, shown(path)), shown(path))
    if (sites.some(({ origin }) => origin === registration.origin)) {
      throw wrong(
        shown(path),
        `"${registration.origin}" is registered already; remove its entry first to give it new keys`,
      )
    }
    doubts = sharedHosts([...sites, registration])
      .filter((pair) => pair.includes(registration.origin))
      .map(sharedHostDoubt)
    return pretty([...sites, registration])
  })
  return doubts
}

function described(site: SiteRegistration): string {
  const { signingKeys, ticketKeys, mayOffer = true, enabled = true, endpoint, sisters } = site
  const { group, pairwise = false, share = {} } = site
  const does = enabled ? (mayOffer ? 'offers and receives' : 'receives only') : 'turned off'
  return [
    does.padEnd(19),
    `signing ${kids(signingKeys)}`,
    `ticket ${kids(ticketKeys)}`,
    ...(endpoint === undefined ? [] : [`endpoint ${endpoint}`]),
    ...(sisters === undefined ? [] : [`sisters ${listed(sisters)}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(pairwise ? ['pairwise'] : []),
    ...shareNames.flatMap((name) => (share[name] ? [`${name} ${listed(share[name])}`] : [])),
  ].join('  ')
}

const shareNames = ['claims', 'read', 'write'] as const

const listed = (names: readonly string[]) => names.join(', ') || 'none'

const kids = (jwks: readonly object[]) => jwks.map((jwk) => ('kid' in jwk ? String(jwk.kid) : '?')).join(', ')

const pretty = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`
