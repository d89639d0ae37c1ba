/** Finds the sites on which sessions are in use: those that hold a redeemed handle. */
import type { Session } from '../stores/store.js'
import type { HubContext } from './context.js'

/** @returns the origins for each session, in alphabetical order */
export type PlacesOf = (session: Pick<Session, 'id'>) => readonly string[]

export async function findPlaces(
  { store }: Pick<HubContext, 'store'>,
  sessions: readonly Pick<Session, 'id'>[],
): Promise<PlacesOf> {
  const found = await store.places(sessions.map(({ id }) => id))
  const places = new Map([...found].map(([id, names]) => [id, names.filter(isSite).sort()]))
  return ({ id }) => places.get(id) ?? []
}

/** The hub's own cookies are handles too, but no site where a session is in use. */
const isSite = (place: string) => place.includes('://')
