/** Guards of a site's core, each by the mutant that takes it away. */

/** By file, the mutants' names. */
export const guards: Readonly<Record<string, readonly string[]>> = {
  'sdk/site/endpoints/guard.ts': [
    'requireOwnHost: !isOwnHost(visit, settings) → false',
    "requireOwnPage: method !== 'POST' → false",
    'requireOwnPage: !isOwn → false',
  ],
  'sdk/site/endpoints/router.ts': ['createEndpoints: url.length > limits.addressLength → false'],
  'sdk/site/endpoints/ticket.ts': ['requireVerifier: !isTheirs → false'],
  'sdk/http/body.ts': [String.raw`readJsonBody: !/^application\/json\s*(;|$)/i.test(type) → false`],
}
