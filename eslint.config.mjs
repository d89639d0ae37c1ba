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

const forbid = (names, message) => names.map((name) => ({ name, message }))

export default defineConfig(
  globalIgnores(['dist/', 'build/', 'coverage/']),
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
        ...forbid(['process', 'Buffer', 'global', 'setImmediate', 'require'], 'This room runs in a browser.'),
      ],
    },
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
)
