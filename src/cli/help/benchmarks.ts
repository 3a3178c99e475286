/** Options of measurements on benchmarks. */
export const benchmarkHelp = {
  benchmark:
    '`NAMES` instead of --data, with commas between them: hellaswag, mmlu, cmmlu, arc-easy, ' +
    'arc-challenge, lambada, blimp, gsm8k, wikitext, sst2, trec, chnsenticorp, or a .json or ' +
    '.jsonl file of questions',
  benchmarkDir: '`DIR` folder of their files, as they are published, in one of its name for each',
  limit: 'questions of each, evenly from all (default: all)',
  fewShot: 'solved examples before each question (default: 5 for gsm8k, else 0)',
  seed: 'draws the examples',
  asChat: 'ask as a user’s message, which the assistant answers',
  maxTokens: 'tokens of an answer that the model writes, at most',
} as const
