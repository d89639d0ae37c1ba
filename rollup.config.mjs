import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import terser from '@rollup/plugin-terser'
import typescript from '@rollup/plugin-typescript'

/**
 * Rollup only strips types here; `tsc -p tsconfig.build.json` checks them, once, and writes the declarations. So nobody looks for a
 * browser's types, which take longer to read than all of this.
 */
const stripTypes = (tsconfig, more = {}) =>
  typescript({
    tsconfig,
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      noCheck: true,
      lib: ['es5'],
      types: [],
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

/** Rollup ends a file with a line, which a page has no use for and brotli takes up to six bytes for. */
const noLastLine = {
  name: 'no-last-line',
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) file.code = file.code.trimEnd()
  },
}

/** What pages get, without its types. Each of those files is bundled by itself, and all are read by TypeScript once. */
const withoutTypes = 'build/modules'

const browserScript = (input, file, format = 'iife') => ({
  input: `${withoutTypes}/${input}.js`,
  // Modules are strict by their nature; a script is written as one, and needs no line that says so.
  output: { file, format, generatedCode: 'es2015', strict: false },
  plugins: [minify(), noLastLine],
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
    input: [forBundlers, ...scripts.map(({ input }) => input)].map((file) =>
      file.replace(`${withoutTypes}/`, './').replace(/js$/, 'ts'),
    ),
    external: ['react', 'vue'],
    // What is unused in one bundle may be used in the next.
    treeshake: false,
    output: { dir: withoutTypes, format: 'es', preserveModules: true, preserveModulesRoot: '.' },
    plugins: [stripTypes('tsconfig.browser.json', { outDir: withoutTypes })],
    onLog: failOnWarning,
  },
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

/** `--configPart browser` or `server` builds that part anew and leaves the other as it is; `test/one.mjs` does so. */
export default ({ configPart }) => {
  if (configPart) return { browser, server }[configPart]
  // The types are tsc's, which may be at it just now.
  if (existsSync('dist'))
    for (const name of readdirSync('dist').filter((each) => each !== 'types'))
      rmSync(`dist/${name}`, { recursive: true })
  return [...browser, ...server]
}
