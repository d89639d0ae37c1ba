/** The package `redis`, which only hubs on Redis need. */
import { wrong } from '../../../sdk/settings/refuse-unknown.js'

/** @throws SessionHubError `options_invalid` if it is missing */
export async function createClientOfPackage(where: string) {
  const { createClient } = await import('redis').catch((cause: unknown) => {
    throw wrong(where, 'the package "redis" is missing: npm install redis', cause)
  })
  return createClient
}
