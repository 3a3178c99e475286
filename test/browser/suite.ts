import { runTests } from './vitest.ts'

const suites: Readonly<Record<string, () => Promise<unknown>>> = {
  engine: () => import('../../src/runtime/engine.test.ts'),
  ops: () => import('../ops/engines.test.ts'),
  dimensions: () => import('../ops/named-dimensions.test.ts'),
}

/** Runs the suite that the address names; its result lies in the document. */
const name = new URLSearchParams(location.search).get('suite') ?? ''
await suites[name]?.()
document.body.dataset.result = JSON.stringify(await runTests())
