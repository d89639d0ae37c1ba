/** What hub and reference are both told, and what stands in no plan. */
import { SITES } from './plan.js'

/** Seconds without use, and in all: short, so that steps of the clock reach them. */
export const ANONYMOUS = { idle: 600, absolute: 3000 } as const
export const SIGNED_IN = { idle: 900, absolute: 1800 } as const

export const TICKET_SECONDS = 30

/** Where the clock stands when a sequence begins, in seconds since 1970. */
export const START = 1_900_000_000

export const HUB = 'https://hub.example'

/** Every sequence may have its own sites: a hub remembers registrations by their origin. */
let world = 0
export const originOf = (site: number): string => `https://${'abcd'[site]}.${world}.example`
export const newWorld = (): void => void (world += 1)

/** Every site is every other's sister. */
export const LINK_PATHS = Array.from({ length: SITES }, (_, site) => site)
