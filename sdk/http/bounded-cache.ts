import { LRUCache } from 'lru-cache'

/**
 * Holds a limited number of values and forgets the least recently used one. Its memory grows with its content: `max` would allocate everything
 * at once, several megabytes for each rate limit of each site.
 */
export const boundedCache = <Value extends object | string | boolean>(
  most: number,
  options: Pick<LRUCache.Options<string, Value, unknown>, 'ttl' | 'dispose'> = {},
): LRUCache<string, Value> => new LRUCache({ ...options, maxSize: most, sizeCalculation: () => 1 })
