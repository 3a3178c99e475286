import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { tell } from '../notice.ts'
import { showNotices } from './run.ts'

const before = process.listeners('warning')
afterEach(() => {
  process.removeAllListeners('warning')
  for (const listener of before) process.on('warning', listener)
})

test('a notice is one line, once; other warnings are shown as they were', async () => {
  process.removeAllListeners('warning')
  const lines: string[] = []
  process.on('warning', ({ message }) => lines.push(`default: ${message}`))
  showNotices((line) => lines.push(line))
  for (const message of ['a', 'a', 'b']) tell(message)
  process.emitWarning('c', 'ExperimentalWarning')
  await once(process, 'warning')
  await new Promise((resolve) => setImmediate(resolve))
  expect(lines).toEqual(['chatwright: a', 'chatwright: b', 'default: c'])
})
