import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import terser from '@rollup/plugin-terser'
import typescript from '@rollup/plugin-typescript'

/** Rollup only strips types here; `tsc -p tsconfig.build.json` checks them, once, and writes the declarations. */
const stripTypes = (tsconfig, more = {}) =>
  typescript({
    tsconfig,
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      noCheck: true,
      declaration: false,
      emitDeclarationOnly: false,
      outDir: 'dist',
      ...more,
    },
  })

/** Only names that begin with `_` are ours to shorten; everything else may be wire, DOM or public. */
const minify = () =>
  terser({
    ecma: 2020,
    compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true, hoist_funs: true, inline: 1 },
    mangle: { properties: { regex: /^_/, keep_quoted: true } },
    format: { comments: false },
  })

const failOnWarning = (level, log) => {
  if (level === 'warn') throw Object.assign(new Error(log.message), log)
}

const browserScript = (input, file, format = 'iife') => ({
  input,
  // Modules are strict by their nature; a script is written as one, and needs no line that says so.
  output: { file, format, generatedCode: 'es2015', strict: false },
  plugins: [stripTypes('tsconfig.browser.json'), minify()],
  onLog: failOnWarning,
})

const browser = [
  {
    input: './sdk/browser/index.ts',
    // Files of their own for bundlers too: no page needs them at once.
    external: /\/(ladder|live)\.js$/,
    output: { file: 'dist/index.js', format: 'es', paths: (id) => `./${id.split('/').pop()}` },
    plugins: [stripTypes('tsconfig.browser.json')],
    onLog: failOnWarning,
  },
  browserScript('./sdk/browser/script.ts', 'dist/sdk.js'),
  browserScript('./sdk/browser/ladder.ts', 'dist/ladder.js', 'es'),
  browserScript('./sdk/browser/live.ts', 'dist/live.js', 'es'),
  browserScript('./sdk/browser/panel.ts', 'dist/panel.js', 'es'),
  ...['react', 'vue', 'svelte'].map((name) => ({
    ...browserScript(`./sdk/frontends/${name}.ts`, `dist/${name}.js`, 'es'),
    external: ['react', 'vue'],
  })),
  browserScript('./hub/pages/frame/frame.ts', 'dist/frame.js'),
  browserScript('./hub/pages/access/access.ts', 'dist/access.js'),
  browserScript('./hub/pages/unlock/unlock.ts', 'dist/unlock.js'),
]

const license = '/*! session-hub, MIT license: see the file LICENSE */'

const server = [
  {
    input: {
      site: './sdk/site/index.ts',
      hub: './hub/index.ts',
      postgres: './hub/stores/postgres.ts',
      redis: './hub/stores/redis.ts',
      metrics: './hub/metrics/index.ts',
      traces: './sdk/traces/index.ts',
      cli: './hub/cli/main.ts',
      verify: './sdk/verify/index.ts',
      testing: './sdk/testing/index.ts',
      'store-worker': './sdk/testing/store-contract/store-worker.ts',
      'express-session': './sdk/express-session/index.ts',
      fastify: './sdk/site/fastify.ts',
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
    // The comments stand in the source, and what a caller needs of them in the declarations: they were a third of these files.
    plugins: [
      stripTypes('tsconfig.build.json', { removeComments: true }),
      { name: 'executable', writeBundle: () => chmodSync('dist/cli.js', 0o755) },
    ],
    onLog: failOnWarning,
  },
]

/** `--config-part browser` or `server` builds that part anew and leaves the other as it is; `test/one.mjs` does so. */
export default ({ configPart }) => {
  if (configPart) return { browser, server }[configPart]
  // The types are tsc's, which may be at it just now.
  if (existsSync('dist'))
    for (const name of readdirSync('dist').filter((each) => each !== 'types'))
      rmSync(`dist/${name}`, { recursive: true })
  return [...browser, ...server]
}
