import { afterAll, test } from 'vitest'
import { openSoftwareGpu, orSkip } from '../engines.ts'
import { cases } from './cases.ts'
import { runCase } from './run-case.ts'

const engine = await orSkip('native WebGPU', openSoftwareGpu())
afterAll(() => engine?.dispose())

test.skipIf(!engine).each(cases)(
  'webgpu, $name: values and derivatives equal the interpreter’s',
  async (one) => {
    if (engine) await runCase(engine, one)
  },
)
