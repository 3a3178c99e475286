import type { ChoicesBenchmark } from './benchmark.ts'
import { ABCD, examQuestions } from './exams.ts'

const subjectOf = (stem: string): string => stem.replace(/_(test|dev|val)$/, '')

/**
 * Exams in 57 subjects (Hendrycks et al. 2021): a file for each. The prompt follows
 * lm-evaluation-harness, and so does the choice of examples: the first ones of the subject's `dev`.
 */
export const mmlu: ChoicesBenchmark = {
  kind: 'choices',
  home: 'github.com/hendrycks/test',
  measures: ['choices', 'probabilities'],
  files: ['test/*_test.csv'],
  examples: ['dev/*_dev.csv'],
  bySubject: true,
  delimiter: ' ',
  labels: ABCD,
  read: (file) => examQuestions(file, subjectOf(file.stem), 'Answer:'),
  description: (stem) =>
    'The following are multiple choice questions (with answers) about ' +
    `${subjectOf(stem).replaceAll('_', ' ')}.\n\n`,
}
