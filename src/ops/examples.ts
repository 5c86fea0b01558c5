import type { Command } from 'commander';

/** What stands for an argument in an example. */
const samples: Readonly<Record<string, string>> = {
  NAME: 'asha',
  CODE: '66NR-TR2M-MC7P',
  PACKAGE: '103.181.91',
  ORDER_ID: 'ord-01m7z22vtkd37c4mpb6p',
  PAYMENT: 'cashfree:1453000003',
  PRODUCT_ID: 'vps-103-181-91',
  IP: '103.181.91.7',
};

/** Gives every command whose help has no example one to paste. */
export function addExamples(command: Command, path: readonly string[] = []): void {
  if (command.commands.length > 0) {
    for (const part of command.commands) addExamples(part, [...path, part.name()]);
    return;
  }
  if (/^Examples?:/m.test(helpOf(command))) return;
  const given = command.registeredArguments.map((argument) => samples[argument.name()] ?? argument.name());
  const why = command.options.some(({ long }) => long === '--reason') ? ['--reason "why"'] : [];
  command.addHelpText('after', `\nExample: npm run ops -- ${[...path, ...given, ...why].join(' ')}`);
}

function helpOf(command: Command): string {
  const kept = command.configureOutput();
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  command.configureOutput(kept);
  return help;
}
