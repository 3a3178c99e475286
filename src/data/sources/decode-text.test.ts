import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { decodeText, looksLikeText } from './decode-text.ts'

/**
 * The last 200 of `bytes` in chunks of the given sizes, which are taken in turn; the rest before.
 */
function* chunked(bytes: Uint8Array, sizes: number[]): Generator<Uint8Array> {
  const start = Math.max(0, bytes.length - 200)
  yield bytes.subarray(0, start)
  for (let at = start, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const decode = async (bytes: Uint8Array, sizes = [1 << 16], replace = false, encoding?: string) => {
  let text = ''
  let replaced = 0
  const parts = decodeText(chunked(bytes, sizes), 'f.txt', {
    encoding,
    errors: replace ? 'replace' : 'refuse',
    replaced: (count) => {
      replaced += count
    },
  })
  for await (const part of parts) {
    expect(part).not.toMatch(/\p{Surrogate}/u)
    text += part
  }
  return { text, replaced }
}

const utf8 = (text: string) => new TextEncoder().encode(text)
const utf16 = (text: string, bigEndian: boolean) => {
  const view = new DataView(new ArrayBuffer(2 * text.length))
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), !bigEndian)
  return new Uint8Array(view.buffer)
}
const bytes = (...values: (number | Uint8Array)[]) =>
  Uint8Array.from(values.flatMap((value) => (typeof value === 'number' ? [value] : [...value])))

// Longer than what is looked at to tell text from the rest.
const filler = 'word '.repeat(2000)
const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'))

describe('decodeText', () => {
  it('reads UTF-8 and UTF-16, however the bytes are divided', async () => {
    await fc.assert(
      fc.asyncProperty(text, sizes, fc.boolean(), async (value, sizes, long) => {
        // A byte order mark of the text's own is not one of the file.
        const whole = (long ? filler : 'x') + value
        expect(await decode(utf8(whole), sizes)).toEqual({ text: whole, replaced: 0 })
        expect((await decode(bytes(0xef, 0xbb, 0xbf, utf8(whole)), sizes)).text).toBe(whole)
        expect((await decode(bytes(0xff, 0xfe, utf16(whole, false)), sizes)).text).toBe(whole)
        expect((await decode(bytes(0xfe, 0xff, utf16(whole, true)), sizes)).text).toBe(whole)
      }),
    )
  })

  it('refuses the first wrong byte of UTF-8 and counts all, as the platform does', async () => {
    const pieces = fc.oneof(
      fc.string({ unit: 'binary' }).map(utf8),
      fc.uint8Array({ maxLength: 3 }),
      fc.constant(utf8('\ufffd')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 6 }), sizes, async (parts, sizes) => {
        const input = bytes(utf8(filler), ...parts)
        const expected = new TextDecoder('utf-8', { ignoreBOM: true }).decode(input)
        const { text, replaced } = await decode(input, sizes, true)
        expect(text).toBe(expected)
        const fault = slowFault(input)
        expect(replaced > 0).toBe(fault !== undefined)
        if (fault === undefined) expect((await decode(input, sizes)).text).toBe(expected)
        else await expect(decode(input, sizes)).rejects.toThrow(`f.txt: byte ${fault} is not UTF-8`)
      }),
    )
  })

  it('counts what it replaces', async () => {
    const input = bytes(utf8('a\ufffd'), 0xff, 0x80, utf8('b\ufffd'), 0xe9, utf8('c'))
    expect(await decode(input, [3], true)).toEqual({
      text: 'a\ufffd\ufffd\ufffdb\ufffd\ufffdc',
      replaced: 3,
    })
  })

  it('finds half a character and half a unit in UTF-16', async () => {
    const half = bytes(0xff, 0xfe, utf16('ab', false), 0x3d, 0xd8, utf16('c', false))
    await expect(decode(half, [3])).rejects.toThrow('f.txt: byte 6 is not UTF-16LE')
    expect(await decode(half, [3], true)).toEqual({ text: 'ab\ufffdc', replaced: 1 })
    const odd = bytes(0xfe, 0xff, utf16('ab', true), 0x00)
    await expect(decode(odd)).rejects.toThrow('f.txt: byte 6 is not UTF-16BE')
  })

  it('finds a character cut off at the end of the file', async () => {
    await expect(decode(utf8('鲸鱼').subarray(0, 5))).rejects.toThrow('f.txt: byte 3 is not UTF-8')
  })

  it('refuses what is not text, whatever is to be done about errors', async () => {
    for (const replace of [false, true]) {
      await expect(decode(bytes(utf8('PNG'), 0, 1), [1], replace)).rejects.toThrow(
        new UserError(
          'f.txt: byte 3 is zero, so this is not a text file; give text in UTF-8, or name its ' +
            'encoding (--encoding)',
        ),
      )
    }
    expect(looksLikeText(bytes(1, 0))).toBe(false)
    expect(looksLikeText(bytes(0xff, 0xfe, 0x41, 0))).toBe(true)
  })

  it('reads an empty file as no text', async () => {
    expect((await decode(bytes())).text).toBe('')
    expect((await decode(bytes(0xef, 0xbb, 0xbf))).text).toBe('')
  })
})

/** Characters and their bytes, as Python's codecs write them. */
const CHARACTERS: Record<string, [string, string][]> = {
  gb18030: [
    ['的', 'b5c4'],
    ['你', 'c4e3'],
    ['，', 'a3ac'],
    ['。', 'a1a3'],
    ['A', '41'],
    ['9', '39'],
    ['\n', '0a'],
    [' ', '20'],
    ['龘', 'fd93'],
    ['€', 'a2e3'],
    ['𠀀', '95328236'],
  ],
  big5: [
    ['的', 'aaba'],
    ['你', 'a741'],
    ['，', 'a141'],
    ['。', 'a143'],
    ['A', '41'],
    ['9', '39'],
    ['\n', '0a'],
    ['龜', 'c074'],
    ['裡', 'b8cc'],
  ],
  shift_jis: [
    ['の', '82cc'],
    ['ア', '8341'],
    ['、', '8141'],
    ['。', '8142'],
    ['A', '41'],
    ['9', '39'],
    ['\n', '0a'],
    ['ｱ', 'b1'],
    ['表', '955c'],
  ],
  'euc-jp': [
    ['の', 'a4ce'],
    ['ア', 'a5a2'],
    ['、', 'a1a2'],
    ['。', 'a1a3'],
    ['A', '41'],
    ['9', '39'],
    ['\n', '0a'],
    ['表', 'c9bd'],
    ['丂', '8fb0a1'],
  ],
  'euc-kr': [
    ['가', 'b0a1'],
    [',', '2c'],
    ['.', '2e'],
    ['A', '41'],
    ['9', '39'],
    ['\n', '0a'],
    ['다', 'b4d9'],
  ],
}

const hex = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'))

describe('other encodings', () => {
  it.each(Object.keys(CHARACTERS))('reads %s, however the bytes are divided', async (encoding) => {
    const characters = CHARACTERS[encoding] as [string, string][]
    const any = fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(any, sizes, fc.boolean(), async (chosen, sizes, long) => {
        const before = long ? filler : ''
        const input = bytes(utf8(before), hex(chosen.map(([, digits]) => digits).join('')))
        const whole = before + chosen.map(([character]) => character).join('')
        expect((await decode(input, sizes, false, encoding)).text).toBe(whole)
        expect((await decode(input, sizes, true, encoding)).replaced).toBe(0)
      }),
    )
  })

  it('reads UTF-16 without a mark when it is named', async () => {
    const whole = `${filler}鲸🐳`
    expect((await decode(utf16(whole, false), [3], false, 'utf-16le')).text).toBe(whole)
    expect((await decode(utf16(whole, true), [3], false, 'utf-16be')).text).toBe(whole)
  })

  it('reads windows-1252 as it is, whatever the version of Node does', async () => {
    const input = bytes(0x93, utf8('na'), 0xef, utf8('ve'), 0x94, 0x80)
    for (const name of ['windows-1252', 'latin1', 'ISO-8859-1'])
      expect((await decode(input, [1], false, name)).text).toBe('“naïve”€')
  })

  it('knows other names, and refuses what is no encoding', async () => {
    expect((await decode(hex('c4e3bac3'), [1], false, 'GBK')).text).toBe('你好')
    expect((await decode(hex('c4e3bac3'), [1], false, 'gb2312')).text).toBe('你好')
    await expect(decode(hex('c4e3'), [1], false, 'utf-7')).rejects.toThrow(
      /there is no encoding utf-7; expected one of utf-8, utf-16le/,
    )
  })

  it('refuses the first wrong byte, and counts what it replaces', async () => {
    const input = bytes(utf8(filler), hex('c4e3bac3'), 0xff, 0x41, hex('c4'), 0x20)
    const at = filler.length + 4
    await expect(decode(input, [3], false, 'gb18030')).rejects.toThrow(
      `f.txt: byte ${at} is not GB18030 text`,
    )
    expect(await decode(input, [3], true, 'gb18030')).toEqual({
      text: `${filler}你好\ufffdA\ufffd `,
      replaced: 2,
    })
    await expect(decode(hex('c4e3ba'), [1], false, 'gbk')).rejects.toThrow('byte 2 is not GB18030')
    // Half of a character of four bytes: Node's decoder throws at it where bytes come one by one.
    const half = hex('c4e38c3165')
    await expect(decode(half, [9], false, 'gb18030')).rejects.toThrow('byte 2 is not GB18030')
    expect(await decode(half, [9], true, 'gb18030')).toEqual({ text: '你\ufffd1e', replaced: 1 })
  })

  it('refuses UTF-8 where another encoding was named, and lets a byte order mark win', async () => {
    const text = '白鲸记第一章叫我以实玛利吧几年前别管究竟是多少年'
    for (const encoding of ['gb18030', 'windows-1252', 'utf-16le'])
      await expect(decode(utf8(text), [3], false, encoding)).rejects.toThrow(
        `f.txt: is UTF-8 text, not ${encoding}; leave out --encoding`,
      )
    const ascii = 'ASCII is valid in either: nobody is misled.'
    expect((await decode(utf8(ascii), [3], false, 'gb18030')).text).toBe(ascii)
    await expect(decode(utf8(ascii), [3], false, 'utf-16be')).rejects.toThrow('is UTF-8 text')
    const marked = bytes(0xef, 0xbb, 0xbf, utf8(text))
    expect((await decode(marked, [3], false, 'gb18030')).text).toBe(text)
  })
})

/**
 * The first byte at which a strict decoder fails: the longest prefix that is text, character by
 * character.
 */
function slowFault(input: Uint8Array): number | undefined {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const isText = (from: number, to: number) => {
    try {
      strict.decode(input.subarray(from, to))
      return true
    } catch {
      return false
    }
  }
  for (let at = 0; at < input.length; ) {
    const size = [1, 2, 3, 4].find((n) => at + n <= input.length && isText(at, at + n))
    if (!size) return at
    at += size
  }
  return undefined
}
