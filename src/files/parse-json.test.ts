import { expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { parseJson } from './parse-json.ts'

const json = '{"名": "值"}'
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

test.each([
  ['without a mark', Buffer.from(json)],
  ['with that of UTF-8', Buffer.from(`\ufeff${json}`)],
  ['with that of UTF-16, as PowerShell 5 writes', utf16(json)],
  ['with that of UTF-16, the other byte first', utf16(json).swap16()],
  ['as a text with a mark', `\ufeff${json}`],
])('JSON %s', (_, file) => {
  expect(parseJson(file, 'config.json')).toEqual({ 名: '值' })
})

test('what is no JSON is refused by the name of its file', () => {
  expect(() => parseJson(Buffer.from('{'), 'a/config.json')).toThrow(UserError)
  expect(() => parseJson('{', 'a/config.json')).toThrow('a/config.json is not JSON: ')
})
