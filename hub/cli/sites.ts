/** `session-hub sites add` and `session-hub sites list`. */
import { resolve } from 'node:path'

import { originFault } from '../../sdk/protocol/origins.js'
import { defaultEndpoint } from '../../sdk/protocol/wire.js'
import { reasonOf } from '../../sdk/settings/log.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { generateApp, type GeneratedSiteKeys, generateSite } from '../keys/generate.js'
import { readSite, type SharePolicy, type SiteRegistration } from '../sites/site.js'
import { isWildcard, wildcardFault } from '../sites/wildcard.js'
import { type Command, readArguments, UsageError } from './command.js'
import { parseFile, shown, writePrivate } from './files.js'
import { checkedSites, readSiteFile, sharedHostDoubt, sharedHosts } from './site-list.js'
import { namesIn } from './names.js'
import { hint } from './terminal.js'

export const addSite: Command = {
  help: `Usage: session-hub sites add <origin>... [--app <name>] [--own-keys] [--file <file> | --config <file> [--prove]]
                                    [--sister <origin>]... [--endpoint <path>]
                                    [--receive-only] [--group <name>] [--pairwise] [--may-impersonate]
                                    [--share-claims <names>] [--share-read <names>] [--share-write <names>]
                                    [--json]

Creates the keys of one site, such as https://shop.example, and prints two things:

  - a line for the site's environment, read by createSite({ keys: process.env.SESSION_HUB_KEYS })
  - the site's registration, for the hub's "sites"

Both contain secrets: the site's private keys, and the ticket key that the site shares with the hub.

If one application answers on several origins, register them under one name ("--app shop"). They then share one set of
keys, or get a new set with each run of this command that has "--own-keys".

Options:
  --app <name>            the application that serves these origins; needed for more than one
  --own-keys              create new keys, even if the file already has sites of this app
  --file <file>           add the registration to this list (created with mode 0600 if missing), and print only the line
  --config <file>         add it to the store of the hub with this configuration ("storedSites": true), which may be running,
                          and print only the line
  --prove                 with --config: do not serve the site until its owner has proven that the domain is theirs
  --sister <origin>       a site that this one may know of and link to; may be given several times (default: none)
  --endpoint <path>       where the site's endpoints are, as in its own option (default ${defaultEndpoint})
  --receive-only          sessions that began on this site do not become the hub's ("mayOffer": false)
  --group <name>          share the session only with the sites of this group (default: with all sites without a group)
  --pairwise              the site, or its app, knows users by names that no other site knows
  --may-impersonate       people who are signed in at the site may act as one of its users ("mayImpersonate": true)
  --share-claims <names>  the claims that the site sees, and may set at sign-in (default: all)
  --share-read <names>    the keys of the data that the site sees (default: all)
  --share-write <names>   the keys of the data that the site may change (default: those of --share-read)
  --json                  print { "keys", "registration" } as JSON, with "--app" { "keys", "registrations" }

Separate names with commas, such as cart,wish. "" means none.

Examples:
  umask 077; session-hub sites add https://shop.example --file sites.json > shop.env
  umask 077; session-hub sites add https://shop.example https://www.shop.example --app shop --file sites.json > shop.env
  session-hub sites add https://shop.example.org --app shop --file sites.json    # one more, with the keys that the app has
  session-hub sites add https://partner.example --receive-only --pairwise --share-claims plan --share-read cart
`,
  async run(args, name) {
    const flags = {
      app: { type: 'string' },
      'own-keys': { type: 'boolean' },
      file: { type: 'string' },
      config: { type: 'string' },
      prove: { type: 'boolean' },
      sister: { type: 'string', multiple: true },
      endpoint: { type: 'string' },
      'receive-only': { type: 'boolean' },
      group: { type: 'string' },
      pairwise: { type: 'boolean' },
      'may-impersonate': { type: 'boolean' },
      'share-claims': { type: 'string' },
      'share-read': { type: 'string' },
      'share-write': { type: 'string' },
      json: { type: 'boolean' },
    } as const
    const { values, positionals } = readArguments(name, args, flags, ['<origin>...'])
    const { app, config } = values
    if (config !== undefined && values.file !== undefined)
      throw new UsageError('give either "--file" or "--config"', name)
    if (values.prove && config === undefined) throw new UsageError('"--prove" needs "--config <file>"', name)
    const origins = checkedOrigins(positionals, app, name)
    if (values['own-keys'] && app === undefined)
      throw new UsageError('"--own-keys" needs "--app <name>"', name)
    const share = sharePolicy({
      claims: values['share-claims'],
      read: values['share-read'],
      write: values['share-write'],
    })
    const more = {
      ...(values['receive-only'] && { mayOffer: false }),
      ...(values.endpoint !== undefined && { endpoint: values.endpoint }),
      ...(values.sister && { sisters: values.sister }),
      ...(values.group !== undefined && { group: values.group }),
      ...(share && { share }),
      ...(values.pairwise && { pairwise: true }),
      ...(values['may-impersonate'] && { mayImpersonate: true }),
    }
    const made = await newSites(origins, app)
    const wanted = made.registrations.map((registration) => ({ ...registration, ...more }))
    try {
      for (const registration of wanted) readSite(registration, name)
    } catch (fault) {
      throw new UsageError(reasonOf(fault), name)
    }
    if (config !== undefined) {
      const { addToStore, administerSites, tellProof } = await import('./stored-sites.js')
      await administerSites(name, config, async (sites, by) => {
        const others = (await sites.stored.all()).map(({ record }) => record.registration)
        const old = app === undefined || values['own-keys'] ? undefined : keysOfApp(others, app, 'the store')
        const registrations = wanted.map((registration) => ({ ...registration, ...old }))
        const added = await addToStore(sites, by, registrations, values.prove === true)
        const keys = old ? undefined : made.keys
        if (values.json) process.stdout.write(pretty({ keys, registrations }))
        else if (keys) process.stdout.write(`SESSION_HUB_KEYS='${JSON.stringify(keys)}'\n`)
        hint(`${origins.join(', ')}: added to the store. A running hub learns of it within a second.`)
        for (const site of added) tellProof(site)
      })
      return
    }
    const file = values.file === undefined ? undefined : resolve(values.file)
    const { registrations, doubts, isWithOldKeys } =
      file === undefined
        ? { registrations: wanted, doubts: [], isWithOldKeys: false }
        : await register(wanted, file, app !== undefined && !values['own-keys'])

    const keys = isWithOldKeys ? undefined : made.keys
    const whose = app === undefined ? origins.join() : `the app "${app}"`
    const environment = `SESSION_HUB_KEYS='${JSON.stringify(keys)}'\n`
    const registered = app === undefined ? { registration: registrations[0] } : { registrations }
    if (values.json) process.stdout.write(pretty({ keys, ...registered }))
    else if (file === undefined)
      process.stdout.write(
        forPeople(whose, environment, app === undefined ? registrations[0] : registrations),
      )
    else if (keys) process.stdout.write(environment)

    if (file === undefined) return
    for (const doubt of doubts) hint(doubt)
    hint(`${shown(file)} lists ${origins.join(', ')} now; a running hub reads it when it starts again.`)
    hint(
      keys
        ? `The printed line is for the environment of ${whose}, and is not stored anywhere.`
        : `The app keeps the keys that it has; nothing changes in the environment of ${whose}.`,
    )
  },
}

/** @throws UsageError */
function checkedOrigins(
  given: readonly string[],
  app: string | undefined,
  command: string,
): readonly string[] {
  if (given.length === 0)
    throw new UsageError(`"${command}" needs <origin>, such as https://shop.example`, command)
  for (const [at, origin] of given.entries()) {
    const fault = isWildcard(origin) ? wildcardFault(origin) : originFault(origin)
    if (fault) throw new UsageError(fault, command)
    if (given.indexOf(origin) !== at) throw new UsageError(`"${origin}" occurs twice`, command)
  }
  if (given.length > 1 && app === undefined)
    throw new UsageError(
      'origins that share their keys are those of one application: name it by "--app <name>", or add them one by one',
      command,
    )
  return given
}

async function newSites(origins: readonly string[], app: string | undefined): Promise<Made> {
  if (app !== undefined) return generateApp(app, origins)
  const { keys, registration } = await generateSite(origins.join())
  return { keys, registrations: [registration] }
}

interface Made {
  readonly keys: GeneratedSiteKeys
  readonly registrations: readonly SiteRegistration[]
}

/** The lists that were given; `undefined` if none was, which differs from an empty list. */
function sharePolicy(given: Record<keyof SharePolicy, string | undefined>): SharePolicy | undefined {
  const lists = Object.entries(given).flatMap(([name, names]) =>
    names === undefined ? [] : [[name, namesIn(names)] as const],
  )
  return lists.length > 0 ? Object.fromEntries(lists) : undefined
}

const forPeople = (whose: string, environment: string, registered: object | undefined) =>
  `# The environment of ${whose} (secret)
${environment}
# The hub's "sites" (secret too: it holds the ticket key)
${pretty(registered)}`

export const listSites: Command = {
  help: `Usage: session-hub sites list --file <file>
       session-hub sites list --config <file>

Shows each registered site with the names of its keys, never the keys. What a registration does not say is not shown.

Options:
  --file <file>    the list that "session-hub sites add --file" wrote
  --config <file>  the configuration of "session-hub serve": the sites in its store, with "storedSites": true
`,
  async run(args, name) {
    const { values } = readArguments(name, args, {
      file: { type: 'string' },
      config: { type: 'string' },
    })
    if (values.config !== undefined) {
      const { listInStore } = await import('./stored-sites.js')
      await listInStore(name, values.config)
      return
    }
    if (values.file === undefined) throw new UsageError(`"${name}" needs "--file <file>"`, name)
    const path = resolve(values.file)
    const sites = await readSiteFile(path)
    const width = Math.max(0, ...sites.map(({ origin }) => origin.length))
    for (const site of sites) process.stdout.write(`${site.origin.padEnd(width)}  ${described(site)}\n`)
    if (sites.length === 0) hint(`${shown(path)} lists no site yet.`)
  },
}

interface Registered {
  readonly registrations: readonly SiteRegistration[]
  /** Advice that goes with the registration. */
  readonly doubts: readonly string[]
  /** The app already has keys, and its new sites share them. */
  readonly isWithOldKeys: boolean
}

/** @param mayHaveOldKeys whether new sites get the keys that sites of the same app already have */
async function register(
  wanted: readonly SiteRegistration[],
  path: string,
  mayHaveOldKeys: boolean,
): Promise<Registered> {
  let registered: Registered | undefined
  await writePrivate(path, (before = '[]') => {
    const sites = checkedSites(parseFile(before, shown(path)), shown(path))
    for (const { origin } of wanted) {
      if (!sites.some((site) => site.origin === origin)) continue
      throw wrong(
        shown(path),
        `"${origin}" is already registered; remove its entry first to give it new keys`,
      )
    }
    const old = mayHaveOldKeys ? keysOfApp(sites, wanted[0]?.app, shown(path)) : undefined
    const registrations = wanted.map((site) => ({ ...site, ...old }))
    const all = [...sites, ...registrations]
    const doubts = sharedHosts(all)
      .filter((pair) => wanted.some(({ origin }) => pair.includes(origin)))
      .map(sharedHostDoubt)
    registered = { registrations, doubts, isWithOldKeys: old !== undefined }
    return pretty(all)
  })
  return registered ?? { registrations: wanted, doubts: [], isWithOldKeys: false }
}

/** @throws SessionHubError `options_invalid` if the app's sites have different keys */
function keysOfApp(
  sites: readonly SiteRegistration[],
  app: string | undefined,
  where: string,
): Pick<SiteRegistration, 'signingKeys' | 'ticketKeys'> | undefined {
  const [first, ...others] = sites
    .filter((site) => site.app === app)
    .map(({ signingKeys, ticketKeys }) => ({ signingKeys, ticketKeys }))
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first)))
    throw wrong(where, `the sites of the app "${app}" have keys of their own; "--own-keys" makes new ones`)
  return first
}

function described(site: SiteRegistration): string {
  const { signingKeys, ticketKeys, mayOffer = true, enabled = true, endpoint, sisters } = site
  const { app, group, pairwise = false, mayImpersonate = false, share = {} } = site
  const does = enabled ? (mayOffer ? 'offers and receives' : 'receives only') : 'turned off'
  return [
    does.padEnd(19),
    `signing ${kids(signingKeys)}`,
    `ticket ${kids(ticketKeys)}`,
    ...(endpoint === undefined ? [] : [`endpoint ${endpoint}`]),
    ...(sisters === undefined ? [] : [`sisters ${listed(sisters)}`]),
    ...(app === undefined ? [] : [`app ${app}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(pairwise ? ['pairwise'] : []),
    ...(mayImpersonate ? ['may impersonate'] : []),
    ...shareNames.flatMap((name) => (share[name] ? [`${name} ${listed(share[name])}`] : [])),
  ].join('  ')
}

const shareNames = ['claims', 'read', 'write'] as const

const listed = (names: readonly string[]) => names.join(', ') || 'none'

const kids = (jwks: readonly object[]) => jwks.map((jwk) => ('kid' in jwk ? String(jwk.kid) : '?')).join(', ')

const pretty = (value: object | undefined) => `${JSON.stringify(value, undefined, 2)}\n`
