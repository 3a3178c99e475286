import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { glob } from 'tinyglobby'
import { UserError } from '../../errors.ts'
import { fileError, ifThere } from '../../files/file-error.ts'
import { textOf } from '../../files/parse-json.ts'
import type { Benchmark, BenchmarkFile, Question } from './benchmark.ts'
import { BENCHMARK_NAMES, BENCHMARKS, type BenchmarkName } from './index.ts'
import { ownBenchmark } from './own.ts'

/** Questions of one file. */
export interface QuestionFile {
  readonly stem: string
  readonly questions: readonly Question[]
}

/** A benchmark, read from its files. */
export interface OpenBenchmark {
  readonly name: string
  readonly benchmark: Benchmark
  readonly files: readonly QuestionFile[]
  /** Examples before each question. */
  readonly fewShot: number
  /** For few-shot prompts; none where the folder has no files of them, or none are asked for. */
  readonly examples: readonly QuestionFile[]
}

/** A user's own file of questions, by its extension. */
const OWN = /\.(json|jsonl|ndjson)$/i
const ARCHIVE = /\.(zip|gz|tgz|bz2|xz|7z|rar|tar|parquet)$/i

/**
 * Reads a benchmark by name from `folder`, where it may lie in a folder of its name; or a user's
 * own file of questions. Throws UserError that says which files were expected and what was found.
 */
export async function openBenchmark(
  name: string,
  folder: string | undefined,
  { fewShot: given }: { fewShot?: number | undefined } = {},
): Promise<OpenBenchmark> {
  if (OWN.test(name)) return openOwn(name, folder, given)
  const benchmark: Benchmark | undefined = BENCHMARKS[name as BenchmarkName]
  if (!benchmark)
    throw new UserError(
      `benchmark ${name}: there is no such benchmark; choose from ${BENCHMARK_NAMES.join(', ')}, ` +
        'or give a .json or .jsonl file of your own questions',
    )
  if (folder === undefined)
    throw new UserError(
      `benchmark ${name}: give the folder of its files with --benchmark-dir DIR; they are ` +
        `published at ${benchmark.home}`,
    )
  const root = await rootOf(folder, name)
  const files = await firstWithQuestions(benchmark, root, benchmark.files)
  if (files.length === 0) throw await nothingFound({ name, benchmark, folder, root })
  const fewShot = shotsOf(benchmark, given)
  const patterns = fewShot > 0 ? (benchmark.examples ?? []) : []
  const examples = await firstWithQuestions(benchmark, root, patterns)
  return { name, benchmark, fewShot, files, examples }
}

/** As many as are asked for, or as is usual for the benchmark. */
const shotsOf = (benchmark: Benchmark, given: number | undefined): number =>
  given ?? ('fewShot' in benchmark ? benchmark.fewShot : undefined) ?? 0

async function openOwn(
  path: string,
  folder: string | undefined,
  given: number | undefined,
): Promise<OpenBenchmark> {
  const inFolder = folder === undefined ? undefined : join(folder, path)
  const isThere = (file: string) => ifThere(stat(file), `cannot read ${file}`)
  const found = !(await isThere(path)) && inFolder && (await isThere(inFolder)) ? inFolder : path
  const file = await readBenchmarkFile(found)
  const benchmark = await ownBenchmark(file)
  const questions = await questionsOf(benchmark, file)
  const files = [{ stem: file.stem, questions }]
  return { name: file.stem, benchmark, fewShot: shotsOf(benchmark, given), files, examples: [] }
}

/** The folder of a benchmark in `folder`: one of its name, however written (`SST-2`), or all. */
async function rootOf(folder: string, name: string): Promise<string> {
  const found = await ifThere(stat(folder), `cannot read ${folder}`)
  if (!found?.isDirectory())
    throw new UserError(`--benchmark-dir ${folder}: there is no such folder`)
  const inner = await readdir(folder)
  const own = inner.find((one) => plain(one) === plain(name))
  // A link to a folder is one, too.
  const isFolder = own !== undefined && (await stat(join(folder, own))).isDirectory()
  return isFolder ? join(folder, own) : folder
}

const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')

/** Files by the first of several patterns whose files hold questions. */
async function firstWithQuestions(
  benchmark: Benchmark,
  root: string,
  patterns: readonly string[],
): Promise<QuestionFile[]> {
  for (const pattern of patterns) {
    const paths = await glob(`**/${pattern}`, { cwd: root, caseSensitiveMatch: false })
    const files: QuestionFile[] = []
    for (const path of paths.sort()) {
      const file = await readBenchmarkFile(join(root, path), benchmark.encoding)
      const questions = await questionsOf(benchmark, file)
      if (questions.length > 0) files.push({ stem: file.stem, questions })
    }
    if (files.length > 0) return files
  }
  return []
}

async function readBenchmarkFile(path: string, encoding?: string): Promise<BenchmarkFile> {
  const bytes = await readFile(path).catch((error) => {
    throw fileError(error, `cannot read ${path}`)
  })
  const text = encoding === undefined ? textOf(bytes) : new TextDecoder(encoding).decode(bytes)
  return { name: path, stem: basename(path, extname(path)), text: text.replaceAll('\r\n', '\n') }
}

async function questionsOf(benchmark: Benchmark, file: BenchmarkFile): Promise<Question[]> {
  const questions: Question[] = []
  for await (const question of benchmark.read(file)) questions.push(question)
  return questions
}

async function nothingFound(given: {
  name: string
  benchmark: Benchmark
  folder: string
  root: string
}): Promise<UserError> {
  const { name, benchmark, folder, root } = given
  const expected = `expected ${benchmark.files.join(' or ')} with questions and their answers`
  const all = await glob('**/*', { cwd: root })
  const archive = all.find(
    (path) => ARCHIVE.test(path) && (root !== folder || plain(path).includes(plain(name))),
  )
  return new UserError(
    archive === undefined
      ? `benchmark ${name}: ${root} has none of its files; ${expected}, as published at ` +
          benchmark.home
      : `benchmark ${name}: ${join(root, archive)} is packed; unpack it, and give the folder ` +
          `with --benchmark-dir; ${expected}`,
  )
}
