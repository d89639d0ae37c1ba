// The compiler of TypeScript 7, which takes a third of the time. `typescript` itself stays at 6: the linter needs its programming interface.
await import(new URL('lib/tsc.js', import.meta.resolve('typescript7/package.json')).href)
