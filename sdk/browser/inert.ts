/** The client that `createClient` returns without a page, as on a server that renders one: nothing starts, and no event is fired. */
import type { Client } from './client.js'
import { nothingYet } from './status.js'

const unchanged = () => Promise.resolve(nothingYet)
const nothingToStop = () => () => undefined

export const inertClient: Client = {
  status: nothingYet,
  on: nothingToStop,
  sync: unchanged,
  signOut: () => Promise.resolve(false),
  tokenFor: () => Promise.resolve(undefined),
  resolve: unchanged,
  forget: unchanged,
  requestAccess: unchanged,
  accessButton: nothingToStop,
  decorate: nothingToStop,
  redirect: () => undefined,
  explain: () => Promise.resolve('Session Hub, without a page: nothing is synced here; the page does it.'),
  close: () => undefined,
}
