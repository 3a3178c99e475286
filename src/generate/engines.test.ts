import { afterAll, describe, test } from 'vitest'
import { CACHED, checkCachedDecoding } from '../../test/cached-decoding.ts'
import { openCpuEngines } from '../../test/engines.ts'

const engines = await openCpuEngines()
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())))

describe.each(engines)('$name', (engine) => {
  test.each(CACHED)('%s: cached and uncached decoding agree', (name) =>
    checkCachedDecoding(engine, name),
  )
})
