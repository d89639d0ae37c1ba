/** What is broken, and which tests may notice. */

export interface Scope {
  readonly sources: readonly RegExp[]
  /** Beginnings of test files' paths below `test/`, for the second pass. */
  readonly tests: readonly string[]
  /** The same for the first pass, if it has to do with fewer: patterns. */
  readonly likeliest?: readonly string[]
}

const everything = ['attacks/', 'hub/', 'site/', 'protocol/', 'tokens/', 'verify/']

/** What decides on the server: the likeliest to be attacked first. */
export const server: readonly Scope[] = [
  {
    sources: [/^hub\/flows\/(?!administer|listed)/],
    likeliest: [
      'attacks/(sent-again|tickets|tickets-once|offers|exchange|choice|grants|foreign-handles|forget|link|claims)[.]',
      'attacks/(share|share-merges|impersonation|session-life|backchannel|subjects|privilege|redirect)[.]',
      'attacks/(company-sign-out|you|admin)[.]',
      'admin/(permissions|sites)[.]',
      'hub/(?!.*(documents|options|listener|log-hints|registry))',
    ],
    tests: everything,
  },
  {
    sources: [/^sdk\/(protocol|tokens)\//, /^sdk\/http\/(body|cookies|navigation)\.ts$/],
    likeliest: [
      'protocol/',
      'tokens/',
      'verify/',
      'attacks/(tickets|offers|session-tokens|service-tokens|backchannel|keys|data|claims|navigation|session-cookies)[.]',
      'site/(posted|longest|session-token|given-values)[.]',
    ],
    tests: everything,
  },
  {
    sources: [
      /^sdk\/site\/session\/(?!index|held-session|parts|limit)/,
      /^sdk\/site\/(endpoints|account)\/(?!index|held-session|parts|limit)/,
    ],
    likeliest: ['site/', 'attacks/(?!admin|frame|visible-frame|logs|leftovers|storage-access|unlock)'],
    tests: everything,
  },
  {
    sources: [/^hub\/routes\//],
    likeliest: ['attacks/(?!admin|leftovers|express-session|site-endpoints)', 'hub/(?!.*(options|registry))'],
    tests: everything,
  },
  {
    sources: [/^sdk\/express-session\/(?!index)/],
    tests: ['express-session/', 'attacks/express-session'],
  },
  {
    sources: [/^hub\/flows\/(administer|listed)\.ts$/],
    tests: [
      'admin/',
      'attacks/admin',
      'attacks/sent-again',
      'attacks/session-life',
      'attacks/impersonation',
      'attacks/domains',
      'hub/ending',
      'hub/erase',
      'hub/share',
      'site/devices',
      'site/acting',
      'site/domains',
    ],
  },
]

/** Each guard of what runs in a browser, and the tests in real browsers that may notice: the likeliest first. */
export const browser: readonly Scope[] = [
  {
    sources: [/^hub\/pages\/frame\//],
    tests: [
      'browser/messages',
      'browser/one-session',
      'browser/storage-access',
      'browser/forget',
      'browser/journeys',
    ],
  },
  {
    sources: [/^hub\/pages\/(access|unlock)\//, /^sdk\/browser\/ladder\/(access-popup|visible-frame)\.ts$/],
    tests: ['browser/ladder-access', 'browser/storage-access'],
  },
  {
    sources: [/^sdk\/browser\/(frame|sync)\.ts$/],
    tests: ['browser/messages', 'browser/in-the-way', 'browser/journeys', 'browser/one-session'],
  },
  {
    sources: [/^sdk\/browser\/ladder\/(enter|links|link-tickets|sisters)\.ts$/],
    tests: [
      'browser/ladder-links',
      'browser/ladder-attacks',
      'browser/ladder-content',
      'browser/ladder-page',
      'browser/base-address',
    ],
  },
]

/** Tests that start processes or browsers, or are about the machine: nothing in scope is seen by them alone. */
export const leftOut = /(processes|crash|python|attacks\/bounds|rate-limits|docs|sweeper)\.test/
