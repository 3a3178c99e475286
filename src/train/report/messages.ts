import type { Language } from '../../language.ts'

/** Every word that the reports show. */
export const messages = {
  en: {
    step: 'step',
    loss: 'loss',
    reward: 'reward',
    training: 'training',
    validation: 'validation',
    smoothed: (name: string) => `${name} (smoothed)`,
    tokensPerSecond: (rate: string) => `${rate} tok/s`,
    peakShare: (percent: string) => `${percent} of peak`,
    timeLeft: (time: string) => `${time} left`,
  },
  zh: {
    step: '步数',
    loss: '损失',
    reward: '奖励',
    training: '训练',
    validation: '验证',
    smoothed: (name: string) => `${name}（平滑）`,
    tokensPerSecond: (rate: string) => `${rate} 词元/秒`,
    peakShare: (percent: string) => `峰值的 ${percent}`,
    timeLeft: (time: string) => `剩余 ${time}`,
  },
} satisfies Record<Language, object>
