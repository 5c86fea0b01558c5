// Runs one tool for a parent that may die at any moment, even by SIGKILL: the parent holds the other end of
// our standard input, and when that closes the tool is ended. A process of its own, because a process that
// was killed cannot clean up after itself.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';

const [task = '{}'] = process.argv.slice(2);
const { command, args, removeAtEnd, killAfterMs } = JSON.parse(task) as {
  command: string;
  args: string[];
  removeAtEnd: string | null;
  killAfterMs: number;
};

const tool = spawn(command, args, { stdio: ['pipe', 'inherit', 'inherit'] });
tool.stdin.on('error', () => {});

function end(): void {
  tool.kill('SIGTERM');
  tool.stdin.destroy();
  setTimeout(() => tool.kill('SIGKILL'), killAfterMs).unref();
}

function leave(code: number): never {
  if (removeAtEnd !== null) rmSync(removeAtEnd, { recursive: true, force: true, maxRetries: 3 });
  process.exit(code);
}

tool.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  leave(127);
});
tool.once('exit', (code, signal) => leave(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
// A parent that is gone reads no output either: the broken pipe must not end us before the tool has ended.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
process.stdin.once('end', end).once('error', end).resume();
