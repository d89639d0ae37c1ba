/**
 * `session-hub sites change|disable|enable|prove|remove|rotate-keys --config`: administers the sites in the store of a hub, which may be running at
 * the same time.
 */
import type { Actor } from '../flows/administer.js'
import {
  addStoredSite,
  changeStoredSite,
  listStoredSites,
  proveStoredSite,
  type RegisteredSite,
  removeStoredSite,
  rotateStoredKeys,
  type SiteAdministration,
  turnStoredSite,
} from '../flows/administer-sites.js'
import { createOwnership } from '../ownership/ownership.js'
import type { SiteRegistration } from '../sites/site.js'
import { createStoredSites } from '../sites/stored-sites.js'
import { administer } from './administration.js'
import { type Command, readArguments, UsageError } from './command.js'
import { tableOf } from './table.js'
import { hint } from './terminal.js'
import { namesIn } from './names.js'

type Work = (sites: SiteAdministration, by: Actor) => Promise<void>

/** @throws UsageError, SessionHubError */
export const administerSites = (name: string, config: string | undefined, work: Work): Promise<void> =>
  administer(name, config, async ({ at: { hub }, by, listed, hasStoredSites }) => {
    if (!hasStoredSites)
      throw new UsageError(
        'this hub has no sites in its store: set "storedSites": true in the configuration',
        name,
      )
    const { store, secret, log } = hub
    const stored = createStoredSites({ store, secret, log, changed: () => undefined, isFollowing: false })
    const isListed = (origin: string) => listed.some((site) => site.origin === origin)
    await work({ hub, stored, isListed, ownership: createOwnership(secret) }, by)
  })

/** For `session-hub sites add --config`. @returns the sites that were added */
export async function addToStore(
  sites: SiteAdministration,
  by: Actor,
  registrations: readonly SiteRegistration[],
  isPending: boolean,
): Promise<readonly RegisteredSite[]> {
  const added = []
  for (const registration of registrations)
    added.push(await addStoredSite(sites, by, registration, isPending))
  return added
}

/** Says what the domain's owner has to do next. */
export function tellProof({ origin, proof }: RegisteredSite): void {
  if (!proof) return
  hint(`The hub does not serve ${origin} yet. Its owner must publish this text: ${proof.token}`)
  if (proof.file) hint(`  as the file ${proof.file.url}`)
  if (proof.record) hint(`  ${proof.file ? 'or ' : ''}as a TXT record of ${proof.record.name}`)
  hint(`Then: session-hub sites prove ${origin} --config <file>`)
}

export const listInStore = (name: string, config: string): Promise<void> =>
  administerSites(name, config, async (sites, by) => {
    const found = await listStoredSites(sites, by)
    if (found.length === 0) {
      hint('The store has no site yet.')
      return
    }
    process.stdout.write(
      tableOf(
        ['site', 'state', 'signing keys', 'ticket keys', 'terms'],
        found.map(({ origin, state, signingKids, ticketKids, terms }) => [
          origin,
          state,
          signingKids.join(', '),
          ticketKids.join(', '),
          Object.keys(terms).length > 0 ? JSON.stringify(terms) : '',
        ]),
      ),
    )
  })

const CONFIG = { config: { type: 'string' } } as const

/** Runs a command on one site. */
function onSite(
  words: string,
  said: (origin: string) => string,
  act: (sites: SiteAdministration, by: Actor, origin: string) => Promise<unknown>,
  command: string,
): Command {
  return {
    help: `Usage: session-hub sites ${command} <origin> --config <file>

${words}

Options:
  --config <file>  the configuration of "session-hub serve", with "storedSites": true
`,
    async run(args, name) {
      const { values, positionals } = readArguments(name, args, CONFIG, ['<origin>'])
      const [origin = ''] = positionals
      await administerSites(name, values.config, async (sites, by) => {
        await act(sites, by, origin)
        hint(said(origin))
      })
    },
  }
}

export const disableSite = onSite(
  'Turns a site off. Within a second every process of the hub refuses it, and its event streams end.',
  (origin) => `${origin} is turned off.`,
  (sites, by, origin) => turnStoredSite(sites, by, origin, false),
  'disable',
)

export const enableSite = onSite(
  'Turns a site on that was turned off.',
  (origin) => `${origin} is turned on.`,
  (sites, by, origin) => turnStoredSite(sites, by, origin, true),
  'enable',
)

export const proveSite = onSite(
  `Looks for the text that "session-hub sites add --prove" printed, in a file of the site and in its DNS. Once the text is
there, the hub serves the site.`,
  (origin) => `The owner of ${origin} is confirmed: the site is on.`,
  proveStoredSite,
  'prove',
)

export const removeSite = onSite(
  'Removes a site and its keys. Within a second every process of the hub refuses it.',
  (origin) => `${origin} is removed.`,
  removeStoredSite,
  'remove',
)

export const changeSite: Command = {
  help: `Usage: session-hub sites change <origin> --config <file> [options]

Changes the registration of a site. What no option names stays as it is.

Options:
  --config <file>         the configuration of "session-hub serve", with "storedSites": true
  --group <name>          share the session with the sites of this group only; "" is the group of all that name none
  --sisters <origins>     the sites that this one may link to, with commas between them; "" names none
  --endpoint <path>       where the site's endpoints are
  --receive-only <yes|no> whether sessions that began on this site stay its own ("mayOffer": false)
`,
  async run(args, name) {
    const flags = {
      ...CONFIG,
      group: { type: 'string' },
      sisters: { type: 'string' },
      endpoint: { type: 'string' },
      'receive-only': { type: 'string' },
    } as const
    const { values, positionals } = readArguments(name, args, flags, ['<origin>'])
    const [origin = ''] = positionals
    const { group, sisters, endpoint, 'receive-only': receives } = values
    if (receives !== undefined && receives !== 'yes' && receives !== 'no')
      throw new UsageError('"--receive-only" has to be "yes" or "no"', name)
    const changes = {
      ...(group !== undefined && { group: group === '' ? undefined : group }),
      ...(sisters !== undefined && { sisters: namesIn(sisters) }),
      ...(endpoint !== undefined && { endpoint }),
      ...(receives !== undefined && { mayOffer: receives === 'no' }),
    }
    if (Object.keys(changes).length === 0) throw new UsageError('nothing to change was given', name)
    await administerSites(name, values.config, async (sites, by) => {
      await changeStoredSite(sites, by, origin, changes)
      hint(`${origin} is changed.`)
    })
  },
}

export const rotateKeys: Command = {
  help: `Usage: session-hub sites rotate-keys <origin> --config <file> [--finish]

Creates new keys for a site, and for all sites of its app that share its keys. From then on, the hub accepts the old keys
and the new ones. Replace "signing" and "ticket" in the site's SESSION_HUB_KEYS with what the command prints; keep its "session" key.
When every process of the site has the new keys, run the command again with "--finish": the hub forgets the old ones.
If the printed keys are lost, run the command with "--cancel" and begin again.

Options:
  --config <file>  the configuration of "session-hub serve", with "storedSites": true
  --finish         forget the old keys
  --cancel         forget the new keys

Example:
  umask 077; session-hub sites rotate-keys https://shop.example --config hub.json > next-keys.json
`,
  async run(args, name) {
    const flags = { ...CONFIG, finish: { type: 'boolean' }, cancel: { type: 'boolean' } } as const
    const { values, positionals } = readArguments(name, args, flags, ['<origin>'])
    const [origin = ''] = positionals
    const { finish = false, cancel = false } = values
    if (finish && cancel) throw new UsageError('give either "--finish" or "--cancel"', name)
    const step = finish ? 'finish' : cancel ? 'cancel' : 'begin'
    await administerSites(name, values.config, async (sites, by) => {
      const keys = await rotateStoredKeys(sites, by, origin, step)
      if (keys) process.stdout.write(`${JSON.stringify(keys)}\n`)
      hint(
        keys
          ? 'These keys are secret, and are not stored anywhere. With "--finish" the hub forgets the old ones.'
          : `The ${step === 'cancel' ? 'new' : 'old'} keys of ${origin} are forgotten.`,
      )
    })
  },
}
