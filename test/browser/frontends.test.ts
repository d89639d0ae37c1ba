/** Pages that a framework renders on the server and takes over in the browser: React 18, the whole document of it, Vue and Svelte. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { expect } from 'chai'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { compile } from 'svelte/compiler'
import { render } from 'svelte/server'
import type { Plugin } from 'vite'
import { createSSRApp } from 'vue'
import { compileScript, parse } from 'vue/compiler-sfc'
import { renderToString as renderVue } from 'vue/server-renderer'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { startWorld, type World } from '../support/world.js'
import { viteBuild } from '../support/vite-build.js'
import { App as ReactApp } from './frontends/react-app.js'
import { App as VueApp } from './frontends/vue-app.js'

const BUILT = fileURLToPath(new URL('frontends/', import.meta.url))
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SOURCES = join(ROOT, 'test/browser/frontends')

describe('in Chromium, a page that is rendered on the server', () => {
  let folder: string
  /** By framework: what its server renders into the page. */
  let rendered: Record<string, (hub: string) => string>
  let world: World
  let browser: TestBrowser
  let page: TestPage
  let shop: string
  let travel: string

  before(async function () {
    this.timeout(60_000)
    folder = await mkdtemp(join(BUILT, 'pages-'))
    const [vueHtml, svelteHtml] = await Promise.all([renderVue(createSSRApp(VueApp)), svelteOnServer()])
    const inPage = (name: string, html: string) => (hub: string) =>
      `<!doctype html><html data-hub="${hub}"><title>${name}</title><div id=app>${html}</div>` +
      `<script type=module src="/pages/${name}.js"></script>`
    rendered = {
      react: (hub) => `<!doctype html>${renderToString(createElement(ReactApp, { hub }))}`,
      vue: inPage('vue', vueHtml),
      svelte: inPage('svelte', svelteHtml),
      'docs-react': inPage('docs-react', ''),
      'docs-vue': inPage('docs-vue', ''),
      'docs-svelte': inPage('docs-svelte', ''),
    }
    await writeExamples()
    await bundle()
    browser = await startBrowser('allowed')
  })
  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    shop = world.siteOf('shop').origin
    const { listener, origin, site } = world.siteOf('travel')
    travel = origin
    listener.app.get('/pages/:file', (req, res) => {
      res.sendFile(join(folder, basename(req.params.file)))
    })
    listener.app.get('/by/:framework', (req, res) => {
      const html = rendered[req.params.framework]!(world.hub.origin)
      const tag = 'with-tag' in req.query ? site.scriptTag() : ''
      res.type('html').send(html.replace('</head>', `${tag}</head>`))
    })
    /** What docs/frontends.md fetches. */
    listener.app.get('/session', site.session(), async ({ session }, res) => {
      res.json({ subject: session.subject, cart: [], ...(await session.data()) })
    })
    // Chromium asks for it, and a refusal would count as an error of the page.
    listener.app.get('/favicon.ico', (_req, res) => void res.status(204).end())
    page = await browser.newPage()
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()
  })
  afterEach(async () => {
    await page.page.close()
    await world.close()
  })
  after(async () => {
    await browser.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Svelte's components as JavaScript, for the browser or for the server, beside the modules that they import. */
  const compiled = async (name: string, generate: 'client' | 'server') => {
    const source = await readFile(join(SOURCES, name), 'utf8')
    return compile(source, { filename: name, generate, dev: generate === 'client' }).js.code
  }

  async function svelteOnServer(): Promise<string> {
    for (const name of ['Cart.svelte', 'App.svelte']) {
      const code = (await compiled(name, 'server'))
        .replaceAll("'./client.js'", "'../client.js'")
        .replaceAll(".svelte'", ".svelte.js'")
      await writeFile(join(folder, `${name}.js`), code)
    }
    const { default: App } = (await import(pathToFileURL(join(folder, 'App.svelte.js')).href)) as {
      default: Parameters<typeof render>[0]
    }
    return render(App, { props: {} }).body
  }

  /** The components of docs/frontends.md, and a page around each. */
  async function writeExamples(): Promise<void> {
    const text = await readFile(join(ROOT, 'docs/frontends.md'), 'utf8')
    const block = (language: string, start = '') =>
      new RegExp(`^\`\`\`${language}\\n(${start}.*?)^\`\`\`$`, 'ms').exec(text)![1]!
    const vue = parse(block('vue')).descriptor
    const files = {
      'client.js': block('js', '// client').replace(
        "'https://hub.example'",
        'document.documentElement.dataset.hub',
      ),
      'Cart.jsx': block('jsx'),
      'CartOfVue.js': compileScript(vue, { id: 'cart', inlineTemplate: true }).content,
      'CartOfSvelte.js': compile(block('svelte'), { filename: 'CartOfSvelte.svelte' }).js.code,
      'docs-react.js': `
        import { createElement } from 'react'
        import { createRoot } from 'react-dom/client'
        import { Cart } from './Cart.jsx'
        createRoot(document.querySelector('#app')).render(createElement(Cart))`,
      'docs-vue.js': `
        import { createApp } from 'vue'
        import Cart from './CartOfVue.js'
        createApp(Cart).mount('#app')`,
      'docs-svelte.js': `
        import { mount } from 'svelte'
        import Cart from './CartOfSvelte.js'
        mount(Cart, { target: document.querySelector('#app') })`,
    }
    await mkdir(join(folder, 'docs'))
    for (const [name, code] of Object.entries(files)) await writeFile(join(folder, 'docs', name), code)
  }

  async function bundle(): Promise<void> {
    await writeFile(
      join(folder, 'svelte-page.js'),
      "import { hydrate } from 'svelte'\nimport App from '../App.svelte'\nhydrate(App, { target: document.querySelector('#app') })",
    )
    const svelte: Plugin = {
      name: 'svelte',
      resolveId: (id) => (id.endsWith('.svelte') ? join(BUILT, basename(id)) : null),
      load: (id) => (id.endsWith('.svelte') ? compiled(basename(id), 'client') : null),
    }
    await viteBuild({
      configFile: false,
      root: BUILT,
      logLevel: 'error',
      mode: 'development',
      plugins: [svelte],
      define: { 'process.env.NODE_ENV': '"development"' },
      build: {
        target: 'esnext',
        minify: false,
        outDir: folder,
        emptyOutDir: false,
        modulePreload: false,
        rolldownOptions: {
          input: {
            react: join(BUILT, 'react-page.js'),
            vue: join(BUILT, 'vue-page.js'),
            svelte: join(folder, 'svelte-page.js'),
            'docs-react': join(folder, 'docs/docs-react.js'),
            'docs-vue': join(folder, 'docs/docs-vue.js'),
            'docs-svelte': join(folder, 'docs/docs-svelte.js'),
          },
          output: { entryFileNames: '[name].js', chunkFileNames: '[name].chunk.js' },
        },
      },
    })
  }

  /** How often travel's page has asked the hub for a frame. */
  const frames = () =>
    world.hub.listener.seen.filter(({ url }) => url.startsWith(`/frame?site=${travel}`)).length
  const shown = (id: string) => page.run((of) => document.getElementById(of)?.textContent, id)
  const shows = (id: string, text: string) =>
    page.until((of, wanted) => document.getElementById(of)?.textContent === wanted, id, text)
  const hydrationErrors = () => page.run(() => Reflect.get(window, 'hydrationErrors') as string[])

  for (const framework of ['react', 'vue', 'svelte']) {
    it(`by ${framework}: shows nothing yet on the server`, () => {
      const html = rendered[framework]!('https://hub.example')
      expect(html.match(/nothing yet: no cart/g)).to.have.length(2)
    })

    it(`by ${framework}: shows the cart that came, by one client for all components, and goes on when one is gone`, async () => {
      await page.open(`${travel}/by/${framework}`)
      for (const id of ['first', 'second']) await shows(id, 'replace: boots')
      expect([frames(), (await page.page.$$('iframe')).length]).to.deep.equal([1, 1])
      await page.click('button')
      await page.until(() => document.getElementById('first') === null)
      await page.run(() => (Reflect.get(window, Symbol.for('session-hub')) as typeof SessionHub).signOut())
      await page.until(() => document.getElementById('second')?.textContent.endsWith(': no cart'))
      expect(await page.eventsNamed('session-replaced')).to.have.length(1)
      expect(await page.page.$$('iframe')).to.have.length(1)
      expect(page.errors).to.deep.equal([])
    })
  }

  for (const framework of ['react', 'vue', 'svelte'])
    it(`by ${framework}, as docs/frontends.md has it: shows the cart that came`, async () => {
      await page.open(`${travel}/by/docs-${framework}`)
      await page.until(() => document.getElementById('app')?.textContent.trim() === '1 in the cart')
      expect(page.errors).to.deep.equal([])
    })

  for (const [when, query] of [
    ['perhaps before the SDK’s frame is there', ''],
    ['after the SDK’s frame is there', '?after-frame'],
    ['with the script tag beside', '?with-tag'],
  ] as const)
    it(`by react: is taken over as a whole in strict mode, ${when}`, async () => {
      await page.open(`${travel}/by/react${query}`)
      await shows('second', 'replace: boots')
      expect(await hydrationErrors()).to.deep.equal([])
      expect(
        await page.page.$$eval('iframe', (all) => all.map((one) => one.parentElement?.tagName)),
      ).to.deep.equal(['HEAD'])
      expect(await page.eventsNamed('session-replaced')).to.have.length(1)
      expect(page.errors).to.deep.equal([])
    })

  it('by react: is not, where something stands beside the body: the test would see it', async () => {
    await page.open(`${travel}/by/react?beside-body`)
    await page.until(() => (Reflect.get(window, 'hydrationErrors') as string[]).length > 0)
    expect(await shown('second')).to.be.a('string')
  })
})
