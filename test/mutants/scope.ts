/** What is broken, and which tests may notice. */

export interface Scope {
  readonly sources: readonly RegExp[]
  /** Beginnings of test files' paths below `test/`. */
  readonly tests: readonly string[]
}

/** What decides on the server: the likeliest to be attacked first. */
export const server: readonly Scope[] = [
  {
    sources: [
      /^hub\/flows\/(redeem|exchange|ticket|link|redirect|frame|share|merge|part|conflict|decision|sign-in|site-acts)\.ts$/,
      /^sdk\/site\/(endpoints|session|account)\/(?!index|held-session|parts|limit)/,
      /^hub\/routes\//,
      /^hub\/flows\/(?!administer|listed|redeem|exchange|ticket|link|redirect|frame|share|merge|part|conflict|decision|sign-in|site-acts)/,
      /^sdk\/(tokens|protocol)\//,
      /^sdk\/http\/(body|cookies|navigation)\.ts$/,
    ],
    tests: ['attacks/', 'hub/', 'site/', 'protocol/', 'verify/'],
  },
  {
    sources: [/^sdk\/express-session\/(?!index)/],
    tests: ['express-session/', 'attacks/express-session'],
  },
  {
    sources: [/^hub\/flows\/(administer|listed)\.ts$/],
    tests: ['admin/', 'attacks/admin', 'attacks/session-life', 'hub/ending', 'site/devices'],
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
export const leftOut = /(processes|crash|python|bounds|rate-limits|docs|sweeper)\.test/
