import { afterAll, describe, test } from 'vitest'
import { openCpuEngines } from '../engines.ts'
import { cases } from './cases.ts'
import { runCase } from './run-case.ts'

const engines = await openCpuEngines()
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())))

for (const engine of engines)
  describe(`${engine.name}: values and derivatives equal the interpreter's`, () => {
    for (const one of cases) test(one.name, () => runCase(engine, one))
  })
