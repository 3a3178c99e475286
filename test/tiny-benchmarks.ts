import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ChoiceQuestion, WritingQuestion } from '../src/evaluate/benchmarks/benchmark.ts'
import { openBenchmark } from '../src/evaluate/benchmarks/open-benchmark.ts'
import { askedOf, Prompts } from '../src/evaluate/benchmarks/prompts.ts'
import { jsonLines } from './tiny-training.ts'

/** A few questions of every benchmark, in the files in which it is published. */
export const TINY_BENCHMARKS: Readonly<Record<string, string | Buffer>> = {
  'hellaswag/hellaswag_val.jsonl': jsonLines([
    {
      activity_label: 'Tea',
      ctx_a: 'A man [title] sits.',
      ctx_b: 'he',
      endings: ['[step] naps.', 'eats.', 'sings.', 'falls.'],
      label: 2,
    },
    {
      activity_label: 'Sea',
      ctx_a: 'A cat  runs.',
      ctx_b: 'it',
      endings: ['naps.', 'eats.', 'sings.', 'falls.'],
      label: '0',
    },
  ]),
  'mmlu/data/test/high_school_art_test.csv':
    'Is it "red"?,no,yes,2,3,B\n"One, or\ntwo?",1,2,3,4,A\n',
  'mmlu/data/dev/high_school_art_dev.csv': 'Up?,yes,no,2,3,A\nDown?,no,5,6,yes,D\n',
  'cmmlu/test/arts.csv':
    ',Question,A,B,C,D,Answer\n0,谁画了画？,猫,狗,人,鸟,C\n1,几？,一,二,三,四,D\n',
  'cmmlu/dev/arts.csv': ',Question,A,B,C,D,Answer\n0,何？,天,地,人,鸟,B\n',
  'arc/ARC-Challenge-Test.jsonl': jsonLines([
    {
      id: 'X_1',
      question: {
        stem: 'What is wet?',
        choices: [
          { text: 'fire', label: '1' },
          { text: 'rain', label: '2' },
        ],
      },
      answerKey: '2',
    },
  ]),
  'arc/ARC-Easy-Test.jsonl': jsonLines([
    {
      id: 'Y_1',
      question: {
        stem: 'What is hot?',
        choices: [
          { text: 'fire', label: 'A' },
          { text: 'rain', label: 'B' },
        ],
      },
      answerKey: 'A',
    },
  ]),
  'lambada/lambada_test.jsonl': jsonLines([{ text: 'the whale swims to the sea' }]),
  'blimp/data/wh_island.jsonl': jsonLines([
    { sentence_good: 'Who sees it?', sentence_bad: 'Who it sees?' },
  ]),
  'blimp/data/passive_1.jsonl': jsonLines([
    { sentence_good: 'It is seen.', sentence_bad: 'It is fell.' },
  ]),
  'gsm8k/test.jsonl': jsonLines([
    { question: 'Two and two?', answer: 'It is 2 + 2 = 4.\n#### 4' },
    { question: 'Ten hundreds?', answer: '10 * 100\n#### 1,000' },
  ]),
  'gsm8k/train.jsonl': jsonLines([
    { question: 'One and one?', answer: '1 + 1\n#### 2' },
    { question: 'One and two?', answer: '1 + 2\n#### 3' },
  ]),
  'wikitext/wiki.test.tokens':
    ' \n = Cat = \n \n A cat , a " pet " , is 1 @,@ 000 days old . \n' +
    ' \n = = Life = = \n \n It runs . \n' +
    ' \n = Dog = \n \n A dog ( old ) barks . \n',
  'SST-2/dev.tsv': 'sentence\tlabel\na "fine film \t1\na dull one \t0\n',
  'SST-2/test.tsv': 'index\tsentence\n0\tunlabeled\n',
  'SST-2/train.tsv': 'sentence\tlabel\ngood \t1\n',
  'trec/TREC_10.label': Buffer.from(
    'NUM:dist How far is Bogot\xe1 ?\nHUM:ind Who ran ?\n',
    'latin1',
  ),
  'chnsenticorp/ChnSentiCorp_htl_all.csv': 'label,review\n1,"很好,""安静"""\n0,太差\n1,不错\n',
}

/** Writes the benchmarks into a folder. */
export async function writeBenchmarks(
  folder: string,
  files: Readonly<Record<string, string | Buffer>> = TINY_BENCHMARKS,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

/** What a model must have learned to be right about every question of a benchmark. */
export async function solutions(name: string, folder: string): Promise<string[]> {
  const open = await openBenchmark(name, folder, { fewShot: 0 })
  const { benchmark } = open
  const prompts = new Prompts(open, { seed: 1, asChat: false })
  const delimiter = 'delimiter' in benchmark ? benchmark.delimiter : ''
  return askedOf(open).map((asked) => {
    const { question } = asked as { question: ChoiceQuestion | WritingQuestion }
    const answer = 'choices' in question ? question.choices[question.answer] : question.solution
    return `${prompts.textOf({ ...asked, question })}${delimiter}${answer}`
  })
}
