import { claudeSample } from './claude.ts';
import { codexSample } from './codex.ts';
import { chatgptSample, claudeAiSample } from './exports.ts';
import { geminiSample } from './gemini.ts';
import { opencodeDatabaseSample, opencodeFilesSample } from './opencode.ts';
import type { Sample } from './sample.ts';

/** One of each format, or of each form that a format has. */
export const SAMPLES: readonly Sample[] = [
  claudeSample,
  codexSample,
  opencodeDatabaseSample,
  opencodeFilesSample,
  geminiSample,
  chatgptSample,
  claudeAiSample,
];
