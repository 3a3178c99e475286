#!/usr/bin/env node
// Native runs take place on libuv's threads, of which there are four unless this is set before the
// first is needed: by then an ES module has been read already, so this file is none.
const { existsSync } = require('node:fs')
const { availableParallelism } = require('node:os')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism() + 2))

const root = join(__dirname, '..')

// A clone has sources, which the package lacks; installing it builds nothing (see .npmrc).
if (existsSync(join(root, 'src'))) {
  const { buildOrExit, isStale } = require('./build.cjs')
  if (isStale()) {
    console.error('Building Chatwright, once after each change of its sources.')
    buildOrExit()
  }
}
import(pathToFileURL(join(root, 'dist/cli/main.js')).href)
