/** Options of measurements on benchmarks. */
export const benchmarkHelp = {
  benchmark:
    '`NAMES` measure on these, separated by commas, instead of --data: hellaswag, mmlu, cmmlu, ' +
    'arc-easy, arc-challenge, lambada, blimp, gsm8k, wikitext, sst2, trec, chnsenticorp, or a ' +
    '.json or .jsonl file of questions',
  benchmarkDir:
    '`DIR` folder that holds the published files, in a folder named after each benchmark',
  limit: 'questions from each, evenly spaced (default: all)',
  fewShot: 'solved examples before each question (default: 5 for gsm8k, else 0)',
  seed: 'seed for drawing the examples (default: 1)',
  asChat: 'ask each question as a user’s message, with the choice as the assistant’s answer',
  maxTokens: 'longest answer that the model writes, in tokens (default: 256)',
} as const
