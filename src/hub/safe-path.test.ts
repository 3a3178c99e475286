import { posix, win32 } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isReserved, staysInside } from './safe-path.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 300

it.each(['config.json', 'onnx/model.onnx', '.gitattributes', 'a..b/..c', '模型/权重.safetensors'])(
  'takes %s',
  (path) => {
    expect(staysInside(path)).toBe(true)
    expect(isReserved(path)).toBe(false)
  },
)

it.each([
  '',
  '..',
  '../x',
  'a/../../x',
  'a/./b',
  '/etc/passwd',
  'a//b',
  'a/',
  '..\\x',
  'a\\b',
  '\\\\server\\share',
  'C:x',
  'c:/x',
  'a\0b',
  'a\nb',
  'a\x7fb',
  'a\x9bb',
])('refuses %j', (path) => {
  expect(staysInside(path)).toBe(false)
})

it.each(['con', 'NUL.txt', 'a/aux.json', 'com1', 'lpt².x', 'a:b', 'a?', 'a.', 'a ', 'x./y'])(
  'knows that Windows does not keep %j',
  (path) => {
    expect(isReserved(path)).toBe(true)
  },
)

it.each(['console', 'nullable.txt', 'com10', 'auxiliary', 'a.con'])('takes %s', (path) => {
  expect(isReserved(path)).toBe(false)
})

it('never lets a path out, by the rules of either system', () => {
  const piece = fc.constantFrom('..', '.', '', 'a', '/', '\\', 'C:', '\0', '~', '%2e')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const path = pieces.join('')
      if (!staysInside(path)) return
      expect(posix.resolve('/cache/x', path).startsWith('/cache/x/')).toBe(true)
      expect(win32.resolve('D:\\cache\\x', path).startsWith('D:\\cache\\x\\')).toBe(true)
    }),
    { numRuns: CASES },
  )
})
