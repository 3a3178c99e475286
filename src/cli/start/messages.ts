import type { Language } from '../../language.ts'

/** Every word that `start` shows besides the training's own. */
export const startMessages = {
  en: {
    trains: (source: string, minutes: string, folder: string) =>
      `There is no model in ${folder} yet. Training a small GPT on ${source}.\nThis takes ` +
      `about ${minutes}; Ctrl-C stops and saves it.`,
    resumes: (folder: string) => `Resuming the training in ${folder}.`,
    about: (seconds: number) =>
      seconds < 90 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`,
    sample: (step: number) => `What it writes after step ${step}:`,
    trained: (loss: string, folder: string) =>
      `Trained: validation loss ${loss}. The model is in ${folder}, with its loss curve, loss.svg.`,
    found: (folder: string) => `The model in ${folder} (delete the folder to train another).`,
    stopped: 'Stopped and saved. Run the same command again to resume.',
    sampled: (folder: string) =>
      `Not on a terminal: here is a sample. To chat: npx chatwright chat --model ${folder}`,
    offline: (reason: string) =>
      `${reason}\nWithout a network, train on a text file of your own: npm start -- --data FILE`,
  },
  zh: {
    trains: (source: string, minutes: string, folder: string) =>
      `${folder} 中还没有模型。正在用 ${source} 训练一个小型 GPT。\n大约需要 ${minutes}；按 Ctrl-C 可停止并保存。`,
    resumes: (folder: string) => `继续 ${folder} 中的训练。`,
    about: (seconds: number) =>
      seconds < 90 ? `${Math.round(seconds)} 秒` : `${Math.round(seconds / 60)} 分钟`,
    sample: (step: number) => `训练 ${step} 步后，模型写出的文字：`,
    trained: (loss: string, folder: string) =>
      `训练完成，验证损失 ${loss}。模型保存在 ${folder}，损失曲线见其中的 loss.svg。`,
    found: (folder: string) => `使用 ${folder} 中的模型（删除该文件夹即可重新训练）。`,
    stopped: '已停止并保存。再次运行同一命令即可继续。',
    sampled: (folder: string) =>
      `当前不是终端，仅显示一段示例。要对话请运行：npx chatwright chat --model ${folder}`,
    offline: (reason: string) =>
      `${reason}\n如果没有网络，可以用自己的文本文件训练：npm start -- --data FILE`,
  },
} satisfies Record<Language, object>
