import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Instruction {
  /** In capitals: `RUN`. */
  readonly name: string;
  /** The rest of the instruction, its lines joined. */
  readonly text: string;
}

/** The instructions of each stage of the Dockerfile, after its FROM. */
export function readStages(): { readonly from: string; readonly steps: readonly Instruction[] }[] {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll(/^\s*#.*\n/gm, '');
  const instructions = lines
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): Instruction => {
      const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      return { name, text: text.trim() };
    });
  const stages: { from: string; steps: Instruction[] }[] = [];
  for (const step of instructions) {
    if (step.name === 'FROM') stages.push({ from: step.text, steps: [] });
    else stages.at(-1)!.steps.push(step);
  }
  return stages;
}

/** The texts of one kind of instruction. */
export function textsOf(steps: readonly Instruction[], name: string): string[] {
  return steps.filter((step) => step.name === name).map(({ text }) => text);
}

/** The variables of ENV. */
export function variablesOf(steps: readonly Instruction[]): Record<string, string> {
  const pairs = textsOf(steps, 'ENV').flatMap((text) => text.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
}

/** The command of an instruction in the form of a list. */
export function commandIn(text: string): string[] {
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}
