/** `hub.sites`: lets the application that runs the hub manage the sites in the store. */
import { hostname } from 'node:os'

import { SessionHubError } from '../sdk/protocol/errors.js'
import { isText } from '../sdk/protocol/fields.js'
import { ofCall } from '../sdk/settings/call-options.js'
import { flag } from '../sdk/settings/checks.js'
import { refuseUnknown } from '../sdk/settings/refuse-unknown.js'
import {
  addStoredSite,
  changeStoredSite,
  listStoredSites,
  proveStoredSite,
  type RegisteredSite,
  removeStoredSite,
  rotateStoredKeys,
  type RotatedKeys,
  type RotationStep,
  type SiteAdministration,
  turnStoredSite,
} from './flows/administer-sites.js'
import type { SiteRegistration } from './sites/site.js'

export interface HubSites {
  /**
   * Lists the sites in the store, in alphabetical order, without their keys.
   *
   * @throws SessionHubError `request_invalid` without the option `storedSites`; `unavailable`
   */
  list(): Promise<readonly RegisteredSite[]>
  /**
   * Registers a site. Every process of the hub knows it within a second.
   *
   * @param options.prove whether the owner first has to prove that the domain is theirs. The hub does not serve the site until `prove` has found the
   * proof @default false
   * @returns the site, with the proof that its owner has to publish
   * @throws SessionHubError `request_invalid` for a registration that is wrong or already exists; `unavailable`
   */
  add(registration: SiteRegistration, options?: { readonly prove?: boolean }): Promise<RegisteredSite>
  /**
   * Changes a registration, except its origin and its keys. A member that is given as `undefined` returns to its default.
   *
   * @throws SessionHubError `site_unknown`; `request_invalid`; `unavailable`
   */
  change(origin: string, changes: Parameters<typeof changeStoredSite>[3]): Promise<RegisteredSite>
  /** Turns a site off: within a second every process refuses it and ends its event streams. @throws SessionHubError as `change` */
  disable(origin: string): Promise<RegisteredSite>
  /** Turns a site on again. @throws SessionHubError as `change` */
  enable(origin: string): Promise<RegisteredSite>
  /** Looks for the proof of ownership now. @throws SessionHubError `proof_missing`; as `change` */
  prove(origin: string): Promise<RegisteredSite>
  /** Removes a site and its keys. @throws SessionHubError as `change` */
  remove(origin: string): Promise<void>
  /**
   * Makes new keys for a site, and for all sites of its app that share its keys. From now on the hub knows both sets and seals with the old one. Give
   * the new keys to the site, beside its `session` key. When every process has them, call this once more with `finish: true`: the hub forgets the old
   * ones. With `cancel: true` it forgets the new ones instead, in case they were lost on the way.
   *
   * @returns the new `signing` and `ticket` of the site's keys; nothing with `finish` or `cancel`
   * @throws SessionHubError as `change`
   */
  rotateKeys(
    origin: string,
    options?: { readonly finish?: boolean; readonly cancel?: boolean },
  ): Promise<RotatedKeys | undefined>
}

/** @param at `undefined` if the option `storedSites` is not set */
export function createSites(at: SiteAdministration | undefined): HubSites {
  const by = { name: 'application', permissions: ['sites'], from: hostname() } as const
  const stored = (): SiteAdministration => {
    if (at) return at
    throw new SessionHubError('request_invalid', 'This hub has no sites in its store: set "storedSites"')
  }
  return {
    list: async () => listStoredSites(stored(), by),
    async add(registration, options = {}) {
      const [prove = false] = flags('sites.add', options, ['prove'])
      return addStoredSite(stored(), by, registration, prove)
    },
    change: async (origin, changes) => changeStoredSite(stored(), by, named(origin), changes),
    disable: async (origin) => turnStoredSite(stored(), by, named(origin), false),
    enable: async (origin) => turnStoredSite(stored(), by, named(origin), true),
    prove: async (origin) => proveStoredSite(stored(), by, named(origin)),
    remove: async (origin) => removeStoredSite(stored(), by, named(origin)),
    async rotateKeys(origin, options = {}) {
      const [finish = false, cancel = false] = flags('sites.rotateKeys', options, ['finish', 'cancel'])
      return rotateStoredKeys(stored(), by, named(origin), rotationStep(finish, cancel))
    },
  }
}

function named(origin: unknown): string {
  if (isText(300)(origin)) return origin
  throw new SessionHubError('request_invalid', 'A site is named by its origin')
}

const flags = (where: string, options: object, names: readonly string[]): readonly boolean[] =>
  ofCall(() => {
    refuseUnknown(where, options, names)
    return names.map((name) => {
      const given: unknown = Reflect.get(options, name)
      return flag(where, name, given ?? false)
    })
  })

function rotationStep(isFinish: boolean, isCancel: boolean): RotationStep {
  if (isFinish && isCancel)
    throw new SessionHubError('request_invalid', 'Keys are either finished or cancelled, not both')
  return isFinish ? 'finish' : isCancel ? 'cancel' : 'begin'
}
