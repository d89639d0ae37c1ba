import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import terser from '@rollup/plugin-terser'

/** What `tsc -p tsconfig.bundles.json` has written: the sources without types and comments. */
const withoutTypes = './build/modules'

/** Only names that begin with `_` are ours to shorten; everything else may be wire, DOM or public. */
const minify = () =>
  terser({
    ecma: 2020,
    compress: {
      passes: 3,
      unsafe_arrows: true,
      unsafe_methods: true,
      hoist_funs: true,
      inline: 1,
      // Longer, and smaller when compressed: what is written alike everywhere costs little.
      lhs_constants: false,
      booleans: false,
    },
    mangle: { properties: { regex: /^_/, keep_quoted: true } },
    format: { comments: false },
  })

const failOnWarning = (level, log) => {
  if (level === 'warn') throw Object.assign(new Error(log.message), log)
}

const browserScript = (input, file, format = 'iife') => ({
  input: `${withoutTypes}/${input}.js`,
  // Modules are strict by their nature; a script is written as one, and needs no line that says so.
  output: { file, format, generatedCode: 'es2015', strict: false },
  plugins: [minify()],
  onLog: failOnWarning,
})

const scripts = [
  browserScript('sdk/browser/script', 'dist/sdk.js'),
  browserScript('sdk/browser/ladder', 'dist/ladder.js', 'es'),
  browserScript('sdk/browser/live', 'dist/live.js', 'es'),
  browserScript('sdk/browser/panel', 'dist/panel.js', 'es'),
  ...['react', 'vue', 'svelte'].map((name) => ({
    ...browserScript(`sdk/frontends/${name}`, `dist/${name}.js`, 'es'),
    external: ['react', 'vue'],
  })),
  browserScript('hub/pages/frame/frame', 'dist/frame.js'),
  browserScript('hub/pages/access/access', 'dist/access.js'),
  browserScript('hub/pages/unlock/unlock', 'dist/unlock.js'),
]

const forBundlers = `${withoutTypes}/sdk/browser/index.js`

const browser = [
  {
    input: forBundlers,
    // Files of their own for bundlers too: no page needs them at once.
    external: /\/(ladder|live)\.js$/,
    output: { file: 'dist/index.js', format: 'es', paths: (id) => `./${id.split('/').pop()}` },
    onLog: failOnWarning,
  },
  ...scripts,
]

const license = '/*! session-hub, MIT license: see the file LICENSE */'

const server = [
  {
    input: {
      site: `${withoutTypes}/sdk/site/index.js`,
      hub: `${withoutTypes}/hub/index.js`,
      postgres: `${withoutTypes}/hub/stores/postgres.js`,
      redis: `${withoutTypes}/hub/stores/redis.js`,
      metrics: `${withoutTypes}/hub/metrics/index.js`,
      traces: `${withoutTypes}/sdk/traces/index.js`,
      cli: `${withoutTypes}/hub/cli/main.js`,
      verify: `${withoutTypes}/sdk/verify/index.js`,
      testing: `${withoutTypes}/sdk/testing/index.js`,
      'store-worker': `${withoutTypes}/sdk/testing/store-contract/store-worker.js`,
      'express-session': `${withoutTypes}/sdk/express-session/index.js`,
      fastify: `${withoutTypes}/sdk/site/fastify.js`,
    },
    external: /^(node:|@?[a-z])/,
    output: {
      dir: 'dist',
      format: 'es',
      hoistTransitiveImports: false,
      // Flat: code finds sdk.js and the hub's page scripts beside itself, whichever chunk it lands in.
      chunkFileNames: 'chunk-[name].js',
      banner: ({ fileName }) => (fileName === 'cli.js' ? `#!/usr/bin/env node\n${license}` : license),
    },
    plugins: [{ name: 'executable', writeBundle: () => chmodSync('dist/cli.js', 0o755) }],
    onLog: failOnWarning,
  },
]

/** `--configPart browser` or `server` builds that part anew and leaves the other as it is; `test/one.mjs` does so. */
export default ({ configPart }) => {
  if (configPart) return { browser, server }[configPart]
  // The types are tsc's, which may be at it just now.
  if (existsSync('dist'))
    for (const name of readdirSync('dist').filter((each) => each !== 'types'))
      rmSync(`dist/${name}`, { recursive: true })
  return [...browser, ...server]
}
