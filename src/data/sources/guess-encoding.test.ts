import { describe, expect, it } from 'vitest'
import { decodeText } from './decode-text.ts'

/** Texts, and their bytes as Python's codecs write them. */
const TEXTS: [string, string, string][] = [
  [
    'gb18030',
    '评论：这家店的菜很好吃，我还会再来。',
    'c6c0c2dba3bad5e2bcd2b5eab5c4b2cbbadcbac3b3d4a3acced2bbb9bbe1d4d9c0b4a1a3',
  ],
  [
    'big5',
    '今天天氣很好，我們一起去公園吧！',
    'a4b5a4d1a4d1aef0abdca66ea141a7daadcca440b05fa568a4bdb6e9a761a149',
  ],
  [
    'shift_jis',
    'こんにちは世界。今日はいい天気ですね。',
    '82b182f182c982bf82cd90a28a4581428da193fa82cd82a282a293568b4382c582b782cb8142',
  ],
  [
    'euc-jp',
    'こんにちは世界。今日はいい天気ですね。',
    'a4b3a4f3a4cba4c1a4cfc0a4b3a6a1a3baa3c6fca4cfa4a4a4a4c5b7b5a4a4c7a4b9a4cda1a3',
  ],
  [
    'euc-kr',
    '안녕하세요 세계. 오늘은 날씨가 좋습니다.',
    'bec8b3e7c7cfbcbcbfe420bcbcb0e82e20bfc0b4c3c0ba20b3afbebeb0a120c1c1bdc0b4cfb4d92e',
  ],
  [
    'windows-1251',
    'Привет, мир. Сегодня хорошая погода.',
    'cff0e8e2e5f22c20ece8f02e20d1e5e3eee4edff20f5eef0eef8e0ff20efeee3eee4e02e',
  ],
  [
    'koi8-r',
    'Привет, мир. Сегодня хорошая погода.',
    'f0d2c9d7c5d42c20cdc9d22e20f3c5c7cfc4ced120c8cfd2cfdbc1d120d0cfc7cfc4c12e',
  ],
  [
    'ibm866',
    'Привет, мир. Сегодня хорошая погода.',
    '8fe0a8a2a5e22c20aca8e02e2091a5a3aea4adef20e5aee0aee8a0ef20afaea3aea4a02e',
  ],
  [
    'windows-1252',
    'Voilà un été très chaud, n’est-ce pas ?',
    '566f696ce020756e20e974e9207472e8732063686175642c206e926573742d636520706173203f',
  ],
]

const utf16 = (text: string, bigEndian: boolean) => {
  const view = new DataView(new ArrayBuffer(2 * text.length))
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), !bigEndian)
  return new Uint8Array(view.buffer)
}
const utf8 = (text: string) => new TextEncoder().encode(text)

/** The message with which bytes are refused. */
const refusal = async (bytes: Uint8Array): Promise<string> => {
  try {
    for await (const _ of decodeText([bytes], 'f.txt'));
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

describe('the likely encoding', () => {
  it.each(TEXTS)('%s is named, with its first words', async (encoding, text, hex) => {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    const prose = 'Call me Ishmael. '.repeat(10_000)
    for (const before of ['', '{"id": 1, "text": "', prose]) {
      const message = await refusal(Buffer.concat([utf8(before), bytes]))
      expect(message).toContain(`it looks like ${encoding} (“`)
      expect(message).toContain(`name it with --encoding ${encoding}`)
      const [, shown = ''] = /“(.*)”/.exec(message) ?? []
      expect(`${before}${text}`).toContain(shown)
    }
  })

  it.each(TEXTS)('is UTF-16 where that has no mark: a text of %s', async (_, text) => {
    expect(await refusal(utf16(text, false))).toContain('--encoding utf-16le')
    expect(await refusal(utf16(text, true))).toContain('--encoding utf-16be')
  })

  it('is none of UTF-8 with a few wrong bytes, nor of what is no text', async () => {
    const text = utf8('他们说：“今天的天气很好。” Voilà un été, n’est-ce pas ?')
    const stray = Uint8Array.from([...text, 0xe9, 0x20, ...text])
    expect(await refusal(stray)).toMatch(/^f\.txt: byte \d+ is not UTF-8 text; name its encoding/)
    const noise = Uint8Array.from({ length: 5000 }, (_, i) => (((i * 2654435761) >>> 13) % 255) | 1)
    expect(await refusal(noise)).toContain('text; name its encoding')
    const numbers = new Uint8Array(Uint16Array.from({ length: 4000 }, (_, i) => i % 300).buffer)
    expect(await refusal(numbers)).toContain('is zero, so this is not a text file')
  })
})
