import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const nodeRooms = [
  'sdk/protocol/**/*.ts',
  'sdk/tokens/**/*.ts',
  'sdk/http/**/*.ts',
  'sdk/site/**/*.ts',
  'hub/**/*.ts',
]
const browserRooms = ['sdk/browser/**/*.ts', 'hub/pages/**/*.ts']

/** What the browser gives to all scripts, and what pages call their own things. */
const nodeNames = ['process', 'Buffer', 'global', 'setImmediate', 'require']
const takenNames = [
  'addEventListener, removeEventListener, dispatchEvent, postMessage, open, close, stop, find, print, focus, blur, scroll',
  'origin, name, status, parent, top, self, frames, length, event, screen, history, opener, closed, external, caches, crypto',
  'navigator, performance, navigation, localStorage, sessionStorage, isSecureContext, cookieStore, fetch, btoa, atob',
  'setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask, requestIdleCallback, requestAnimationFrame',
  'AbortController, BroadcastChannel, CustomEvent, Event, EventSource, EventTarget, TextEncoder, Request, Response',
].flatMap((line) => line.split(', '))

const forbid = (names, message) => names.map((name) => ({ name, message }))

export default defineConfig(
  globalIgnores(['dist/', 'build/', 'coverage/', 'examples/*/dist/', 'examples/*/.next/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `async` without `await` keeps a contract: what would throw becomes a rejection, in every store alike.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['sdk/**/*.ts', 'hub/**/*.ts'],
    ignores: ['hub/cli/**'],
    rules: { 'no-console': 'error' },
  },
  {
    files: nodeRooms,
    ignores: ['hub/pages/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...forbid(
          ['window', 'document', 'localStorage', 'sessionStorage', 'location'],
          'This room runs without a DOM.',
        ),
      ],
    },
  },
  {
    files: browserRooms,
    rules: {
      'no-restricted-globals': [
        'error',
        ...forbid(nodeNames, 'This room runs in a browser.'),
        ...forbid(
          takenNames,
          'Pages have variables of that name: say `location.origin`, or `window.` before it.',
        ),
      ],
    },
  },
  {
    // No script but our own runs in the hub's documents: nothing there has taken a name.
    files: ['hub/pages/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', ...forbid(nodeNames, 'This room runs in a browser.')] },
  },
  {
    files: ['sdk/browser/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='document'][property.name!='hidden']",
          message: 'A form or a picture of the page may have that name: take it by `ofDocument`.',
        },
        { selector: 'ForInStatement', message: 'Pages add to `Object.prototype`: take `Object.keys`.' },
        {
          selector:
            "MemberExpression[object.name='window'][property.name=/^(origin|name|status|parent|self|frames|length|event|opener)$/]",
          message: 'A variable of the page replaces it.',
        },
      ],
    },
  },
  {
    // Tests too, though they are given to others.
    files: ['sdk/testing/store-contract/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // `expect(x).to.be.true` is an assertion, and a test may say that it knows a value is there.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', module: 'readonly', URL: 'readonly' },
    },
  },
  {
    files: ['examples/**/*.{js,jsx,mjs}'],
    languageOptions: {
      parserOptions: { ecmaFeatures: { jsx: true } },
      globals: Object.fromEntries(
        [
          ...['Request', 'Response', 'fetch', 'globalThis', 'document', 'window'],
          ...['addEventListener', 'removeEventListener'],
        ].map((name) => [name, 'readonly']),
      ),
    },
    // Without a plugin for React, a component that JSX names counts as unused.
    rules: { 'no-unused-vars': ['error', { varsIgnorePattern: '^[A-Z]' }] },
  },
)
