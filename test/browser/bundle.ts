import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build, type Rolldown } from 'vite'

const ROOT = resolve(import.meta.dirname)

export interface Bundle extends AsyncDisposable {
  folder: string
  /** What the bundler wrote. */
  files: Rolldown.RolldownOutput['output']
}

/** Bundles a page of this folder for the browser, with Vite, into a new folder. */
export async function bundle(page: string): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-page-'))
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    // The suites of Node run in the page too, over its engines.
    resolve: {
      alias: [
        { find: /^vitest$/, replacement: join(ROOT, 'vitest.ts') },
        {
          find: /^.*\/test\/engines\.ts$|^\.\.\/engines\.ts$/,
          replacement: join(ROOT, 'engines.ts'),
        },
      ],
    },
    build: {
      outDir: folder,
      target: 'es2023',
      minify: false,
      rolldownOptions: {
        input: join(ROOT, page),
        // package.json says that modules have no side effects; suites have nothing else.
        treeshake: false,
      },
    },
  })
  return {
    folder,
    files: (result as Rolldown.RolldownOutput).output,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
