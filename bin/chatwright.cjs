#!/usr/bin/env node
// Native runs take place on libuv's threads, of which there are four unless this is set before the
// first is needed: by then an ES module has been read already, so this file is none.
const { spawnSync } = require('node:child_process')
const { existsSync, readdirSync, statSync } = require('node:fs')
const { availableParallelism } = require('node:os')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism() + 2))

const root = join(__dirname, '..')
const [source, main] = [join(root, 'src'), join(root, 'dist/cli/main.js')]

/** A clone has sources, which the package lacks; installing it builds nothing (see .npmrc). */
function isStale() {
  if (!existsSync(source)) return false
  if (!existsSync(main)) return true
  const built = statSync(main).mtimeMs
  const files = readdirSync(source, { recursive: true }).filter((name) => name.endsWith('.ts'))
  return files.some((name) => statSync(join(source, name)).mtimeMs > built)
}

if (isStale()) {
  console.error('Building Chatwright, once after each change of its sources.')
  const [tsc, project] = ['node_modules/typescript/bin/tsc', 'tsconfig.build.json']
  const options = { cwd: root, stdio: ['ignore', 2, 2] }
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], options)
  if (status !== 0) process.exit(status ?? 1)
}
import(pathToFileURL(main).href)
