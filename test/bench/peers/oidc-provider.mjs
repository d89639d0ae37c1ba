/** oidc-provider as its documentation begins it: one client, records in memory, the sign-in pages that it brings along. */
import { generateKeyPairSync } from 'node:crypto'

import { Provider } from 'oidc-provider'

export function create({ origin, client }) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const provider = new Provider(origin, {
    clients: [
      {
        ...client,
        response_types: ['code'],
        grant_types: ['authorization_code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    cookies: { keys: ['a key of this measurement alone'] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: 'Ada Lovelace', locale: 'en-GB' }),
    }),
    claims: { openid: ['sub', 'name', 'locale'] },
    conformIdTokenClaims: false,
  })
  return { handle: provider.callback(), close: () => undefined }
}
