import { StackError } from './stack-error.ts';

/** A way to get a tool: from PATH, built earlier from tools/, by download, or built now. */
export type ToolStep = 'path' | 'built' | 'download' | 'build';

/** An earlier build stands before the download, so that a start without network does not wait for one each time. */
const steps: readonly ToolStep[] = ['path', 'built', 'download', 'build'];
const choices: readonly ToolStep[] = ['path', 'download', 'build'];

/** The ways to try, in order: all, or the one that HARBOURMASTER_TOOLS names. */
export function toolSteps(): readonly ToolStep[] {
  const wish = process.env.HARBOURMASTER_TOOLS;
  if (wish === undefined || wish === '') return steps;
  const step = choices.find((name) => name === wish);
  if (step === undefined) {
    throw new StackError(`HARBOURMASTER_TOOLS is "${wish}". Set it to ${choices.join(', ')}, or unset it.`);
  }
  return [step];
}
