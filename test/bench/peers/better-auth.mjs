/** better-auth as its documentation begins it: passwords, one-time tokens, records in memory. */
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { oneTimeToken } from 'better-auth/plugins/one-time-token'

export function create({ origin }) {
  const auth = betterAuth({
    baseURL: origin,
    secret: 'a secret of this measurement alone, and of nothing else',
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true },
    plugins: [oneTimeToken()],
    // One machine asks on behalf of everybody, as it does of the hub.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  })
  return { handle: toNodeHandler(auth), close: () => undefined }
}
