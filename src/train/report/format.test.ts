import { expect, it } from 'vitest'
import { displayWidth } from './format.ts'

it.each([
  ['loss 1.88', 9],
  ['', 0],
  ['损失 1.88', 9],
  ['（平滑）', 8],
  ['한국어 カタカナ', 15],
  ['𠮷', 2],
  ['naïve', 5],
  ['nai\u0308ve', 5],
  ['👩‍👩‍👧 🇨🇳 ✅', 8],
  ['❤️', 2],
  ['█░⣿━│', 5],
  ['\u001b[1;36m损失\u001b[39m', 4],
])('%s takes %i columns', (text, width) => {
  expect(displayWidth(text)).toBe(width)
})
