// The arrows of the house. Each room lists what it may reach; everything else is an error.

/** `room` may import only what `allowed` matches (and itself). */
const only = (name, room, allowed, more = {}) => ({
  name,
  severity: 'error',
  from: { path: room },
  to: { pathNot: [room, ...allowed], ...more },
})

/** `from` must never import `to`. */
const never = (name, from, to) => ({ name, severity: 'error', from, to })

const npm = '^node_modules/'
const anyPackage = { dependencyTypesNot: ['core'] }

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    never('no-cycles', {}, { circular: true }),
    never('resolvable', { path: '^(sdk|hub)/' }, { couldNotResolve: true }),
    never('no-own-name', { path: '^(sdk|hub)/' }, { path: '^(dist/|session-hub(/|$))' }),
    never('no-relative-dist', {}, { path: '^(dist|build)/', dependencyTypes: ['local'] }),
    never('no-tests-or-demo-inside', { path: '^(sdk|hub)/' }, { path: '^(test|demo)/' }),
    never(
      'no-dev-dependency-at-run-time',
      // pg, redis and the frameworks are optional peers: whoever takes their door has them.
      {
        path: '^(sdk|hub)/',
        pathNot:
          '^(sdk/frontends/|hub/stores/(postgres/server|redis/package)[.]ts$|hub/metrics/|sdk/traces/)',
      },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/@types/' },
    ),

    only('sdk-protocol-alone', '^sdk/protocol/', []),
    only('sdk-browser', '^sdk/browser/', ['^sdk/protocol/']),
    // What frameworks show of a client: it makes none, and brings nothing of the SDK along but a word for "nothing yet".
    only('sdk-frontends', '^sdk/frontends/', [
      '^sdk/browser/(client|events|status)\\.ts$',
      '^node_modules/(react|@types/react|vue)/',
    ]),
    never(
      'sdk-frontends-take-no-client',
      { path: '^sdk/frontends/' },
      { path: '^sdk/browser/client\\.ts$', dependencyTypesNot: ['type-only'] },
    ),
    only('sdk-settings', '^sdk/settings/', ['^sdk/protocol/', '^node_modules/leven/']),
    only('sdk-tokens', '^sdk/tokens/', ['^sdk/protocol/', '^node_modules/jose/', '^(node:)?crypto$']),
    only(
      'sdk-http',
      '^sdk/http/',
      ['^sdk/(protocol|settings)/', '^node_modules/((@types/)?express|lru-cache)'],
      anyPackage,
    ),
    never(
      'express-types-only',
      { path: '^sdk/(http|express-session)/' },
      { path: '^node_modules/(@types/)?express', dependencyTypesNot: ['type-only'] },
    ),
    only('sdk-verify', '^sdk/verify/', [
      '^sdk/protocol/',
      '^sdk/http/cookies\\.ts$',
      '^sdk/tokens/(verify|key-list|key-text)\\.ts$',
      '^node_modules/jose/',
    ]),
    only('sdk-site', '^sdk/site/', ['^sdk/(protocol|tokens|http|settings)/', npm], anyPackage),
    // Only adapters know a framework or a server. The hub's room speaks HTTP, as a client.
    never(
      'site-core-knows-no-server',
      { path: '^sdk/site/', pathNot: '^sdk/site/(adapters/|hub/|(site|fastify|index)\\.ts$)' },
      { path: '^(node:)?https?$|^node_modules/((@types/)?express|fastify)|^sdk/http/node/' },
    ),
    never(
      'site-sessions-by-their-door',
      { path: '^sdk/site/', pathNot: '^sdk/site/session/' },
      { path: '^sdk/site/session/', pathNot: '^sdk/site/session/index\\.ts$' },
    ),
    never(
      'site-hub-alone',
      { path: '^sdk/site/hub/' },
      { path: '^sdk/site/(session|endpoints|account|adapters)/' },
    ),
    never(
      'site-session-below',
      { path: '^sdk/site/session/' },
      { path: '^sdk/site/(endpoints|account|adapters)/' },
    ),
    never(
      'site-endpoints-below',
      { path: '^sdk/site/endpoints/' },
      { path: '^sdk/site/(account|adapters)/' },
    ),
    never('site-account-below', { path: '^sdk/site/account/' }, { path: '^sdk/site/(endpoints|adapters)/' }),
    never(
      'site-adapters-by-the-core',
      { path: '^sdk/site/adapters/' },
      { path: '^sdk/site/', pathNot: '^sdk/site/(adapters/|(core|visit)\\.ts$)' },
    ),
    only(
      'sdk-testing',
      '^sdk/testing/',
      [
        '^hub/(index|options)\\.ts$',
        '^sdk/site/index\\.ts$',
        '^sdk/(protocol|settings)/',
        '^node_modules/(@types/)?express/',
      ],
      anyPackage,
    ),
    only('sdk-express-session', '^sdk/express-session/', [
      '^sdk/site/index\\.ts$',
      '^sdk/(protocol|settings)/',
      '^node_modules/(@types/)?express/',
      '^(node:)?(crypto|http)$',
    ]),
    never(
      'express-session-beside-the-rest',
      { path: '^(sdk|hub)/', pathNot: '^sdk/express-session/' },
      { path: '^sdk/express-session/' },
    ),
    never(
      'testing-beside-the-rest',
      { path: '^(sdk|hub)/', pathNot: '^sdk/testing/' },
      { path: '^sdk/testing/' },
    ),

    never('hub-not-sdk-halves', { path: '^hub/' }, { path: '^sdk/(site|browser|verify)/' }),
    only('hub-pages', '^hub/pages/', ['^sdk/protocol/']),
    only('hub-flows', '^hub/flows/', [
      '^hub/stores/store\\.ts$',
      '^hub/(sites|keys|ownership)/',
      '^sdk/(protocol|tokens|settings)/',
      '^(node:)?crypto$',
    ]),
    only(
      'hub-routes',
      '^hub/routes/',
      [
        '^hub/(flows|sites|keys)/',
        '^hub/page-scripts\\.ts$',
        '^hub/stores/store\\.ts$',
        '^sdk/(protocol|tokens|http|settings)/',
        npm,
      ],
      anyPackage,
    ),
    only(
      'hub-admin',
      '^hub/admin/',
      [
        '^hub/flows/',
        '^hub/(ownership/ownership|keys/generate)\\.ts$',
        '^hub/routes/(page|limits)\\.ts$',
        '^hub/page-scripts\\.ts$',
        '^hub/stores/store\\.ts$',
        '^sdk/(protocol|tokens|http|settings)/',
        npm,
      ],
      anyPackage,
    ),
    only(
      'sdk-traces',
      '^sdk/traces/',
      ['^sdk/(protocol|settings)/', '^node_modules/@opentelemetry/api/'],
      anyPackage,
    ),
    only(
      'hub-metrics',
      '^hub/metrics/',
      ['^hub/meter\\.ts$', '^sdk/settings/', '^node_modules/prom-client/'],
      anyPackage,
    ),
    only('hub-company', '^hub/company/', [
      '^hub/flows/',
      '^hub/routes/(limits|request)\\.ts$',
      '^sdk/(protocol|tokens|http|settings)/',
      '^node_modules/jose/',
    ]),
    // Every start of the command waits for what its first file reads: a command is loaded when it is asked for.
    never(
      'cli-commands-by-need',
      { path: '^hub/cli/(main|perform|commands|command|terminal)\\.ts$' },
      {
        path: '^hub/',
        pathNot: '^hub/cli/(perform|commands|command|terminal)\\.ts$',
        dependencyTypesNot: ['dynamic-import', 'type-only'],
      },
    ),
    // It looks from outside: it knows the wire and the domains of names, and nothing of the hub's own.
    only(
      'hub-doctor',
      '^hub/doctor/',
      ['^sdk/(protocol|http)/', '^hub/sites/registrable-domain\\.ts$'],
      anyPackage,
    ),
    never(
      'hub-only-app-picks-a-store',
      { path: '^hub/', pathNot: '^hub/(app\\.ts$|index\\.ts$|cli/|stores/)' },
      { path: '^hub/stores/', pathNot: '^hub/stores/store\\.ts$' },
    ),

    // Each is a package of its own: what it imports, its reader has to have.
    never('examples-public-names-only', { path: '^examples/' }, { path: '^(sdk|hub|test|demo|dist)/' }),
    never('examples-alone', { path: '^examples/([^/]+)/' }, { path: '^examples/', pathNot: '^examples/$1/' }),
    never('demo-public-names-only', { path: '^demo/' }, { path: '^(sdk|hub|test)/' }),
  ],
  options: {
    doNotFollow: { path: '^(node_modules|dist)/' },
    exclude: { path: '^build/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'default', 'types'],
      extensions: ['.ts', '.d.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
