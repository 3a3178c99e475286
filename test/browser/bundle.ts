import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build, type Rolldown } from 'vite'

const ROOT = resolve(import.meta.dirname)

export interface Bundle {
  folder: string
  /** What the bundler wrote, by file name. */
  files: Rolldown.RolldownOutput['output']
}

/** Bundles a page of this folder for the browser, with Vite, into a folder of its own. */
export async function bundle(page: string): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-page-'))
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2023',
      minify: false,
      rollupOptions: { input: join(ROOT, page) },
    },
  })
  const { output } = result as Rolldown.RolldownOutput
  return { folder, files: output }
}
