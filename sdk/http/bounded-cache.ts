import { LRUCache } from 'lru-cache'

/**
 * Holds so many, and forgets the one that was used least lately. Its memory grows with what is in it: `max` would take all of it at once, several
 * megabytes for each rate limit of each site.
 */
export const boundedCache = <Value extends object | string | boolean>(
  most: number,
  options: Pick<LRUCache.Options<string, Value, unknown>, 'ttl' | 'dispose'> = {},
): LRUCache<string, Value> => new LRUCache({ ...options, maxSize: most, sizeCalculation: () => 1 })
