import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UserError } from '../../errors.ts'
import { type CorpusOptions, openCorpus } from './corpus.ts'
import { type DataEvent, printDataEvents } from './data-event.ts'
import { cacheFolder } from './npm-package.ts'

let folder: string
let events: DataEvent[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
  events = []
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const GBK: Record<string, Buffer> = {
  你: Buffer.from([0xc4, 0xe3]),
  好: Buffer.from([0xba, 0xc3]),
}

const put = async (name: string, content: string | Uint8Array) => {
  await mkdir(join(folder, name, '..'), { recursive: true })
  await writeFile(join(folder, name), content)
}
const at = (name: string) => join(folder, name)

/** Documents as [name without the folder, text]. */
const read = async (sources: string[], options: CorpusOptions = {}) => {
  const corpus = await openCorpus(sources, { report: (event) => events.push(event), ...options })
  const documents: [string, string][] = []
  let text = ''
  for await (const piece of corpus.documents()) {
    text += piece.text
    if (!piece.end) continue
    documents.push([piece.name.replace(`${folder}/`, ''), text])
    text = ''
  }
  await corpus.close()
  return documents
}
const leftOut = () =>
  events.map((event) => {
    if (event.kind !== 'left-out') throw new Error(`unexpected ${event.kind}`)
    return `${event.name.replace(`${folder}/`, '')}: ${event.reason}`
  })

describe('files', () => {
  it('are read by their kind', async () => {
    await put('a.txt', '\ufeffplain\r\n')
    await put('b.jsonl', '{"text":"one"}\n\n{"text":"two","id":2}\n')
    await put('c.json', '["three", {"text": "four"}]')
    await put('d.json', '{"text":"five"}\n{"text":"six"}')
    await put('e.txt.gz', gzipSync('seven'))
    await put('f.jsonl.gz', gzipSync('{"text":"eight"}'))
    await put('g.JSON.GZ', gzipSync('["nine"]'))
    await put('code.py', 'print()')
    const names = ['a.txt', 'b.jsonl', 'c.json', 'd.json', 'e.txt.gz', 'f.jsonl.gz', 'g.JSON.GZ']
    expect(await read([...names, 'code.py'].map(at))).toEqual([
      ['a.txt', 'plain\r\n'],
      ['b.jsonl:1', 'one'],
      ['b.jsonl:3', 'two'],
      ['c.json:1', 'three'],
      ['c.json:1', 'four'],
      ['d.json:1', 'five'],
      ['d.json:2', 'six'],
      ['e.txt.gz', 'seven'],
      ['f.jsonl.gz:1', 'eight'],
      ['g.JSON.GZ:1', 'nine'],
      ['code.py', 'print()'],
    ])
    expect(events).toEqual([])
  })

  it('may name another field, and have # in their names', async () => {
    await put('a.jsonl', '{"story":"x"}')
    await put('b#1.txt', 'y')
    await put('c#1.jsonl', '{"lines":["p","q"]}')
    expect(await read([at('a.jsonl#story'), at('b#1.txt'), at('c#1.jsonl#lines')])).toEqual([
      ['a.jsonl:1', 'x'],
      ['b#1.txt', 'y'],
      ['c#1.jsonl:1', 'p\nq'],
    ])
    await expect(read([at('a.jsonl')])).rejects.toThrow(/a\.jsonl:1: .*the fields are: story/)
  })

  it('of any length come in pieces', async () => {
    const text = 'the whale swims on and '.repeat(200_000)
    await put('long.txt', text)
    const corpus = await openCorpus([at('long.txt')])
    const pieces = []
    for await (const piece of corpus.documents()) pieces.push(piece)
    expect(pieces.length).toBeGreaterThan(2)
    expect(Math.max(...pieces.map((piece) => piece.text.length))).toBeLessThan(text.length / 2)
    expect(pieces.map((piece) => piece.text).join('')).toBe(text)
    expect(pieces.filter((piece) => piece.end).length).toBe(1)
  })

  it('are refused with file and byte when they are not text', async () => {
    await put('latin.txt', Buffer.from('caf\xe9 au lait', 'latin1'))
    await put('image.png', Buffer.from([0x89, 0x50, 0, 1]))
    await put('cut.txt.gz', gzipSync('x'.repeat(5000)).subarray(0, 30))
    await expect(read([at('latin.txt')])).rejects.toThrow(/latin\.txt: byte 3 is not UTF-8/)
    await expect(read([at('image.png')])).rejects.toThrow(/image\.png: byte 2 is zero/)
    await expect(read([at('cut.txt.gz')])).rejects.toThrow(/cut\.txt\.gz: is not a whole gzip file/)
    await expect(read([at('none.txt')])).rejects.toThrow(/none\.txt: there is no such file/)
    await expect(read([])).rejects.toThrow(UserError)
    await expect(read([''])).rejects.toThrow(UserError)
    await expect(read([at('latin.txt#text')])).rejects.toThrow(
      /names a field, but .* is plain text/,
    )
  })

  it('are read with what is no text replaced and counted, once', async () => {
    await put('latin.txt', Buffer.from('caf\xe9 ol\xe9', 'latin1'))
    await put('half.jsonl', '{"text":"a\\ud83d"}')
    const options: CorpusOptions = { encodingErrors: 'replace', report: (e) => events.push(e) }
    const corpus = await openCorpus([at('latin.txt'), at('half.jsonl')], options)
    for (let round = 0; round < 2; round++) {
      const texts = []
      for await (const piece of corpus.documents()) texts.push(piece.text)
      expect(texts).toEqual(['caf\ufffd ol\ufffd', 'a\ufffd'])
    }
    expect(events).toEqual([
      { kind: 'replaced', name: at('latin.txt'), count: 2, likely: 'windows-1252' },
      { kind: 'replaced', name: `${at('half.jsonl')}:1`, count: 1 },
    ])
    await expect(read([at('half.jsonl')])).rejects.toThrow(/half\.jsonl:1: \\ud83d is half/)
  })

  it('are left out when they are empty', async () => {
    await put('void.txt', '')
    await put('b.jsonl', '{"text":""}\n{"text":"x"}\n{"text":null}')
    expect(await read([at('void.txt'), at('b.jsonl')])).toEqual([['b.jsonl:2', 'x']])
    expect(leftOut()).toEqual([
      'void.txt: it is empty',
      'b.jsonl:1: it is empty',
      'b.jsonl:3: it is empty',
    ])
  })

  it('are all looked at where several cannot be read', async () => {
    for (let i = 10; i < 30; i++)
      await put(`data/${i}.txt`, i % 2 ? Buffer.from(`${i} caf\xe9s`, 'latin1') : 'fine')
    await put('data/31.jsonl', '{"text":"a"}\n{"text":')
    const error = await read([at('data')]).catch((error) => error)
    expect(error).toBeInstanceOf(UserError)
    const lines = error.message.replaceAll(`${folder}/`, '').split('\n')
    expect(lines.length).toBe(7)
    expect(lines[0]).toBe('11 files cannot be read:')
    expect(lines[1]).toMatch(
      /^ {2}data\/11\.txt: byte 6 is not UTF-8 text; it looks like windows-1252/,
    )
    expect(lines[5]).toMatch(/^ {2}data\/19\.txt: /)
    expect(lines[6]).toBe('  ... and 6 more')
  })

  it('are read as UTF-8 where they are, beside those in the named encoding', async () => {
    const prose = '白鲸记第一章叫我以实玛利吧几年前别管究竟是多少年'
    await put('data/a.txt', Buffer.concat([GBK.你 as Buffer, GBK.好 as Buffer]))
    await put('data/b.txt', prose)
    await put('data/c.json', JSON.stringify([prose]))
    expect(await read([at('data')], { encoding: 'gbk' })).toEqual([
      ['data/a.txt', '你好'],
      ['data/b.txt', prose],
      ['data/c.json:1', prose],
    ])
    expect(events).toEqual([
      { kind: 'utf-8', name: at('data/b.txt'), instead: 'gbk' },
      { kind: 'utf-8', name: at('data/c.json'), instead: 'gbk' },
    ])
  })

  it('are read in the encoding that is named, those of folders and JSON too', async () => {
    const gbk = (text: string) =>
      Buffer.concat([...text].map((one) => GBK[one] ?? Buffer.from(one)))
    await put('data/a.txt', gbk('你好\n'))
    await put('data/b.jsonl', gbk('{"text":"好"}'))
    await put('data/c.json', gbk('["你"]'))
    await put('data/u.json', Buffer.from('\ufeff["鲸"]', 'utf16le'))
    expect(await read([at('data')], { encoding: 'gbk' })).toEqual([
      ['data/a.txt', '你好\n'],
      ['data/b.jsonl:1', '好'],
      ['data/c.json:1', '你'],
      ['data/u.json:1', '鲸'],
    ])
    await put('wide/a.txt', Buffer.from('鲸鱼 wide', 'utf16le'))
    await put('wide/b.json', Buffer.from('["wide"]', 'utf16le'))
    expect(await read([at('wide')], { encoding: 'utf-16le' })).toEqual([
      ['wide/a.txt', '鲸鱼 wide'],
      ['wide/b.json:1', 'wide'],
    ])
    await expect(read([at('wide')])).rejects.toThrow(/looks like utf-16le/)
  })

  it('may hold several documents, where lines separate them', async () => {
    await put(
      'a.txt',
      '\nOnce.\n\n<|endoftext|>\nTwice\n <|endoftext|> not alone\n<|endoftext|>\n\n',
    )
    await put('b.txt', 'one')
    const sources = [at('a.txt'), at('b.txt')]
    expect(await read(sources, { documentSeparator: '<|endoftext|>' })).toEqual([
      ['a.txt', '\nOnce.'],
      ['a.txt', 'Twice\n <|endoftext|> not alone'],
      ['b.txt', 'one'],
    ])
    expect(events).toEqual([{ kind: 'separated', name: at('a.txt'), separator: '<|endoftext|>' }])
    expect((await read(sources, { documentSeparator: '' })).length).toBe(2)
  })
})

it('stops reading at a signal', async () => {
  await put('long.txt', 'long '.repeat(2 ** 20))
  await put('list.jsonl', '{"text":"one"}\n')
  const stop = new AbortController()
  const sources = [at('long.txt'), at('list.jsonl')]
  const corpus = await openCorpus(sources, { signal: stop.signal })
  const documents = corpus.documents()
  expect((await documents.next()).value?.end).toBe(false)
  stop.abort('enough')
  const rest = async () => {
    for await (const _ of documents);
  }
  await expect(rest()).rejects.toBe('enough')
  await expect(corpus.documents().next()).rejects.toBe('enough')
})

describe('folders', () => {
  it('give their text files in order of name, and say what they leave out', async () => {
    await put('data/b.txt', 'B')
    await put('data/a/z.md', 'Z')
    await put('data/list.json', '["J"]')
    await put('data/package.json', '{\n "name": "x"}')
    await put('data/minified.json', '{"name":"x"}')
    await put('data/code.js', 'x')
    await put('data/fake.txt', Buffer.from([65, 0]))
    await put('data/.git/config', 'x')
    await put('data/node_modules/m/readme.txt', 'x')
    await put('elsewhere/e.txt', 'E')
    await symlink(at('elsewhere'), at('data/link'))
    await symlink(at('elsewhere/e.txt'), at('data/linked.txt'))
    const expected = [
      ['data/a/z.md', 'Z'],
      ['data/b.txt', 'B'],
      ['data/linked.txt', 'E'],
      ['data/list.json:1', 'J'],
    ]
    expect(await read([at('data')])).toEqual(expected)
    expect(leftOut().sort()).toEqual([
      'data/.git: its name begins with a dot',
      'data/code.js: folders give their .txt, .md, .json, .jsonl, .csv and .tsv files; name ' +
        'others by a pattern',
      'data/fake.txt: it is not text',
      'data/link: it is a link to a folder',
      'data/minified.json: it is neither a JSON list nor JSON lines',
      'data/node_modules: it holds installed packages',
      'data/package.json: it is neither a JSON list nor JSON lines',
    ])
  })

  it('give JSON lines that are named .json', async () => {
    await put('data/lines.json', '{"text":"one"}\n{"text":"two"}\n')
    await put('data/long.json', `{"text":"${'x'.repeat(9000)}"}`)
    expect((await read([at('data')])).map(([name, text]) => [name, text.length])).toEqual([
      ['data/lines.json:1', 3],
      ['data/lines.json:2', 3],
      ['data/long.json:1', 9000],
    ])
  })

  it('leave out what lies where the result goes, whatever links lead there', async () => {
    await put('texts/a.txt', 'text')
    await put('texts/run/sample.txt', 'a sample')
    await put('texts/run/checkpoints/b.txt', 'another')
    await put('texts/run-notes/c.txt', 'notes')
    await symlink(at('texts/run'), at('link'))
    const documents = [
      ['texts/a.txt', 'text'],
      ['texts/run-notes/c.txt', 'notes'],
    ]
    for (const source of ['texts', 'texts/**/*.txt'])
      for (const own of ['texts/run', 'texts/run/', 'link', 'link/']) {
        events = []
        expect(await read([at(source)], { own: at(own) })).toEqual(documents)
        expect(leftOut()).toEqual([expect.stringMatching(/: it lies where the result goes$/)])
      }
    // A file that is named is meant.
    expect(await read([at('texts/run/sample.txt')], { own: at('texts/run') })).toEqual([
      ['texts/run/sample.txt', 'a sample'],
    ])
    await expect(read([at('texts')], { own: at('texts') })).rejects.toThrow(
      /no text files were found there outside of .*texts, .* choose another --out/,
    )
  })

  it('without text are refused', async () => {
    await put('data/x.bin', 'x')
    await expect(read([at('data')])).rejects.toThrow(/data: no text files were found there/)
  })
})

describe('patterns', () => {
  it('give what they match, of any extension, and leave out what is not text', async () => {
    await put('src/b.ts', 'B')
    await put('src/in/a.ts', 'A')
    await put('src/in/x.ts', Buffer.from([0]))
    await put('src/readme.md', 'R')
    expect((await read([at('src/**/*.ts')])).map(([, text]) => text)).toEqual(['B', 'A'])
    expect(leftOut()).toEqual(['src/in/x.ts: it is not text'])
    await expect(read([at('src/*.rs')])).rejects.toThrow(/no text files were found/)
  })

  it('give way to a file of that very name', async () => {
    await put('book [1].txt', 'X')
    expect(await read([at('book [1].txt')])).toEqual([['book [1].txt', 'X']])
  })
})

describe('tables', () => {
  it('give the texts of a column, one a row, in any encoding, and say what they are', async () => {
    const gbk = (text: string) =>
      Buffer.concat([...text].map((one) => GBK[one] ?? Buffer.from(one)))
    await put('data/a.csv', gbk('text,n\n"你,\n好",1\n,2\n好,3\n'))
    await put('data/b.tsv', gbk('n\ttext\n1\t你, "好"\n'))
    expect(await read([at('data')], { encoding: 'gbk' })).toEqual([
      ['data/a.csv:2', '你,\n好'],
      ['data/a.csv:5', '好'],
      ['data/b.tsv:2', '你, "好"'],
    ])
    expect(events).toEqual([
      { kind: 'table', name: at('data/a.csv'), columns: ['text', 'n'], separator: ',' },
      { kind: 'left-out', name: `${at('data/a.csv')}:4`, reason: 'it is empty' },
      { kind: 'table', name: at('data/b.tsv'), columns: ['n', 'text'], separator: '\t' },
    ])
    const lines: string[] = []
    for (const event of events) printDataEvents((line) => lines.push(line))(event)
    expect(lines[0]).toBe(
      `${at('data/a.csv')}: a table with the columns text, n, separated by commas`,
    )
  })

  it('may name the column, and are refused by file and line where there is none', async () => {
    await put('a.csv', '评论;标签\n"好；";1\n')
    expect(await read([at('a.csv#评论')])).toEqual([['a.csv:2', '好；']])
    await expect(read([at('a.csv')])).rejects.toThrow(
      /a\.csv:2: expected the text in field 'text', but there is none; the fields are: 评论, 标签/,
    )
    await put('b.csv', '评论,标签\n好,1\n好,很好,1\n')
    await expect(read([at('b.csv#评论')])).rejects.toThrow(/b\.csv:3: found 3 cells; expected 2/)
    await put('c.csv', Buffer.concat([Buffer.from('x,y\n'), ...Object.values(GBK)]))
    await expect(read([at('c.csv#x')])).rejects.toThrow(/c\.csv: byte 4 is not UTF-8 text/)
  })
})

describe('streams', () => {
  const stdin = (...parts: (string | Uint8Array)[]) =>
    (async function* () {
      for (const part of parts) yield Buffer.from(part)
    })()

  it('are kept, so that they can be read again, and removed in the end', async () => {
    vi.stubEnv('TMPDIR', folder)
    const corpus = await openCorpus(['-'], { stdin: stdin('piped ', 'in') })
    for (let round = 0; round < 2; round++) {
      for await (const piece of corpus.documents()) {
        expect(piece).toEqual({ name: '-', text: 'piped in', end: true })
      }
    }
    expect((await readdir(folder)).length).toBe(1)
    await corpus.close()
    expect(await readdir(folder)).toEqual([])
  })

  it('leave nothing behind where a process was killed', async () => {
    vi.stubEnv('TMPDIR', folder)
    const { pid } = spawnSync(process.execPath, ['--version'])
    await put(`chatwright-input-${pid}-abandoned/input`, 'text')
    await put(`chatwright-input-${process.ppid}-in-use/input`, 'text')
    await (await openCorpus(['-'], { stdin: stdin('more') })).close()
    expect(await readdir(folder)).toEqual([`chatwright-input-${process.ppid}-in-use`])
  })

  it('are JSONL when a field is named', async () => {
    const parts = stdin('{"text":"a"}\n{"te', 'xt":"b"}\n')
    expect(await read(['-#text'], { stdin: parts })).toEqual([
      ['-:1', 'a'],
      ['-:2', 'b'],
    ])
  })

  it('are JSONL where they begin with a JSON object, which is reported', async () => {
    expect(await read(['-'], { stdin: stdin('{"text":"好", "label": null}') })).toEqual([
      ['-:1', '好'],
    ])
    expect(events).toEqual([{ kind: 'json-lines' }])
    const prose = '{"quoted"} text\n'
    expect(await read(['-'], { stdin: stdin(prose) })).toEqual([['-', prose]])
  })

  it('are refused a second time', async () => {
    await expect(read(['-', '-'], { stdin: stdin('x') })).rejects.toThrow(/only once/)
  })

  it.runIf(process.platform !== 'win32')('may be named pipes', async () => {
    execFileSync('mkfifo', [at('pipe')])
    const [documents] = await Promise.all([read([at('pipe')]), put('pipe', 'through')])
    expect(documents).toEqual([['pipe', 'through']])
  })
})

describe('records', () => {
  const records = async (name: string, options: CorpusOptions = {}) => {
    const corpus = await openCorpus([at(name)], options)
    const values = []
    for await (const { value } of corpus.records()) values.push(value)
    return values
  }

  it('are whole: no field of them is named', async () => {
    await put('a.jsonl', '{"x":1}')
    await expect(records('a.jsonl#x')).rejects.toThrow(
      /a\.jsonl#x: names a field, but whole records are read here; leave out #x/,
    )
  })

  it('hold no half characters, however deep', async () => {
    await put('a.jsonl', '{"m":[{"c":"a\\ud83d"}],"n":1}')
    await expect(records('a.jsonl')).rejects.toThrow(/a\.jsonl:1: \\ud83d is half a character/)
    expect(await records('a.jsonl', { encodingErrors: 'replace' })).toEqual([
      { m: [{ c: 'a\ufffd' }], n: 1 },
    ])
  })

  it('are those of JSON files and tables only', async () => {
    await put('a.jsonl', '{"x":1}\n2')
    await put('b.txt', 'x')
    await put('c.CSV.gz', gzipSync('x;y\n1;"2\n"\n'))
    await put('d.tsv', '\ufeffx\n"1, 2"\n')
    expect(await records('a.jsonl')).toEqual([{ x: 1 }, 2])
    expect(await records('c.CSV.gz')).toEqual([{ x: '1', y: '2\n' }])
    expect(await records('d.tsv')).toEqual([{ x: '1, 2' }])
    await expect(records('b.txt')).rejects.toThrow(
      /b\.txt: expected records: a \.jsonl file, one JSON record a line, .*\.csv or \.tsv$/,
    )
  })
})

it('keeps its cache where the platform wants it', () => {
  const home = { HOME: '/home/me' }
  expect(cacheFolder({ ...home, CHATWRIGHT_CACHE: '/c' })).toBe('/c')
  if (process.platform === 'win32') return
  expect(cacheFolder({ ...home, XDG_CACHE_HOME: '/x' })).toBe(join('/x', 'chatwright'))
  expect(cacheFolder(home)).toMatch(/\.cache[\\/]chatwright$/)
})
