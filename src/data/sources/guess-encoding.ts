import { type Encoding, encodingNamed, UTF8, UTF16BE, UTF16LE } from './encodings.ts'

/** The most frequent characters of running text, which distinguish a decoding from noise. */
const SIMPLIFIED =
  '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没' +
  '动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应'
const TRADITIONAL =
  '的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒' +
  '動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應'
const KANA =
  'あいうえおかがきぎくぐけげこごさざしじすずせぜそぞただちっつづてでとどなにぬねのはばひびふぶへべほぼまみむめもゃやゅ' +
  'ゆょよらりるれろわをんアイウエオカガキクグコサシジスズセタダッテトドナニノハバパフブプマミムメャュョラリルレロンー'
const HANGUL =
  '이다는에의가을하고를도은지한기로서그사자나어있시리아들라인해대수과일정것과여으주만스게전부안원보장았었니' +
  '면구상소제우동공모조오진세성경관했적없때용신않말방연습미내생비선물음문화할같거더너무많될된바간중각두당'
const CYRILLIC = 'оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґ'
const LATIN = 'éèêëàâäáãçùûüúîïíôöóõñßœæøåÉÈÀÂÄÇÖÜØÅ’‘“”«»–—…•·°€£©®¿¡´'

interface Candidate {
  readonly encoding: Encoding
  /** What the text beyond ASCII must have enough of. */
  readonly common: ReadonlySet<string>
  readonly least: number
}

const candidate = (name: string, common: string, least: number): Candidate => ({
  encoding: encodingNamed(name) as Encoding,
  common: new Set(common),
  least,
})

/** A third or more of running text is of these, of a wrong decoding a few percent. */
const CANDIDATES = [
  candidate('gb18030', SIMPLIFIED, 0.12),
  candidate('big5', TRADITIONAL, 0.12),
  candidate('shift_jis', KANA, 0.3),
  candidate('euc-jp', KANA, 0.3),
  candidate('euc-kr', HANGUL, 0.2),
  candidate('windows-1251', CYRILLIC, 0.75),
  candidate('koi8-r', CYRILLIC, 0.75),
  candidate('ibm866', CYRILLIC, 0.75),
  candidate('windows-1252', LATIN, 0.75),
]

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
const ANY = `${printable}\r\n\t，。、“”${SIMPLIFIED}${TRADITIONAL}${KANA}${HANGUL}${CYRILLIC}${LATIN}`
const UNMARKED = [UTF16LE, UTF16BE].map(
  (encoding): Candidate => ({ encoding, common: new Set(ANY), least: 0.4 }),
)

/** Bytes that a guess is made from. */
const SAMPLE = 2 ** 16

/** An encoding, and the first words of the text that it makes of the bytes. */
export interface Guess {
  readonly label: string
  readonly beginning: string
}

/**
 * The encoding that bytes, which are not UTF-8 from `fault` on, are most likely in; undefined where
 * none makes sense of them, or where most of what is beyond ASCII is UTF-8.
 */
export function guessEncoding(bytes: Uint8Array, fault: number): Guess | undefined {
  let start = fault
  // The bytes before the fault may be valid UTF-8 by chance.
  while (start > 0 && (bytes[start - 1] as number) >= 0x30) start--
  const sample = bytes.subarray(start, start + SAMPLE)
  const read = beyondAscii(UTF8.decode(sample))
  if (read.filter((character) => character === '\ufffd').length < read.length / 2) return undefined
  return best(CANDIDATES, sample) ?? guessUtf16(bytes)
}

/** Whether a file's first bytes are UTF-16 without a byte order mark, and which. */
export const guessUtf16 = (bytes: Uint8Array): Guess | undefined =>
  bytes.length < 8 ? undefined : best(UNMARKED, bytes.subarray(0, SAMPLE))

function best(candidates: readonly Candidate[], sample: Uint8Array): Guess | undefined {
  let found: Guess | undefined
  let highest = 1
  for (const { encoding, common, least } of candidates) {
    const part = sample.subarray(0, encoding.complete(sample))
    const text = encoding.decode(part)
    const counted = encoding.unit === 2 ? [...text] : beyondAscii(text)
    const share = counted.filter((character) => common.has(character)).length / counted.length
    if (text.includes('\0')) continue
    // Below its own threshold a candidate does not count; one character in 100 may be wrong.
    if (!(share / least >= highest) || encoding.countFaults(part, text) > counted.length / 100)
      continue
    highest = share / least
    found = { label: encoding.label, beginning: beginningOf(text) }
  }
  return found
}

const beyondAscii = (text: string): string[] => [...text.replace(/\p{ASCII}/gu, '')]

/** The first words beyond ASCII, by which a reader sees whether the guess is right. */
const beginningOf = (text: string): string => {
  const at = Math.max(0, text.search(/\P{ASCII}/u))
  const word = text.lastIndexOf(' ', at) + 1
  const start = at - word < 12 ? word : at
  const words = text.slice(start, start + 80).replace(/\s+/g, ' ')
  return [...words].slice(0, 12).join('').trim()
}

/**
 * Whether bytes are UTF-8 beyond doubt: they have many characters beyond ASCII, all of them whole;
 * with `ascii`, also where they have none.
 */
export function isPlainlyUtf8(bytes: Uint8Array, { ascii }: { ascii: boolean }): boolean {
  const sample = bytes.subarray(0, SAMPLE)
  const part = sample.subarray(0, UTF8.complete(sample))
  const text = UTF8.decode(part)
  if (UTF8.countFaults(part, text) > 0 || part.includes(0)) return false
  return ascii ? text.length >= MANY : beyondAscii(text).length >= MANY
}

/** Characters that no text of another encoding has by chance. */
const MANY = 20
