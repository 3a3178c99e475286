#!/usr/bin/env node
// Native runs take place on libuv's threads, of which there are four unless this is set before the first
// is needed: by then an ES module has been read already, so this file is none.
const { availableParallelism } = process.getBuiltinModule('node:os')
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism() + 2))
import('./main.ts')
