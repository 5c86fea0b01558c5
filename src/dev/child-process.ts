import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A long-running tool under guard: it ends with `stop()`, and also when this process ends in whatever way. */
export interface GuardedProcess {
  /** Process id of the guard; the tool is its child. */
  pid: number;
  /** The exit code, once the tool and its guard are gone. */
  exited: Promise<number>;
  hasExited(): boolean;
  /** The last lines the tool wrote, for an error message. */
  lastLines(): string[];
  stop(): Promise<void>;
  /** Lets this process end although the tool runs; the guard then ends the tool. */
  unref(): void;
}

const keptLines = 15;
const guard = fileURLToPath(new URL('./process-guard.ts', import.meta.url));

/** Starts `command` in a session of its own, so that Ctrl-C reaches only us and we choose the order of ends. */
export function startGuarded(task: {
  command: string;
  args: string[];
  /** A folder to delete after the end, also after a kill of this process. */
  removeAtEnd?: string | undefined;
  /** How long the tool may take to end before it is killed; default 8 s. */
  killAfterMs?: number | undefined;
  /** The tool's environment; ours where it is left out. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Sees each line of both outputs as it comes. */
  onLine?: ((line: string) => void) | undefined;
}): GuardedProcess {
  const { command, args, removeAtEnd = null, killAfterMs = 8_000, env = process.env, onLine } = task;
  const child = spawn(
    process.execPath,
    [guard, JSON.stringify({ command, args, removeAtEnd, killAfterMs })],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env,
    },
  );
  const last: string[] = [];
  const keep = (line: string) => {
    last.push(line);
    if (last.length > keptLines) last.shift();
    onLine?.(line);
  };
  eachLine(child.stdout, keep);
  eachLine(child.stderr, keep);
  child.stdin.on('error', () => {});
  let ended = false;
  const exited = new Promise<number>((resolve) => {
    child.once('error', (error) => keep(error.message));
    child.once('close', (code) => {
      ended = true;
      resolve(code ?? 1);
    });
  });
  return {
    pid: child.pid ?? 0,
    exited,
    hasExited: () => ended,
    lastLines: () => [...last],
    async stop() {
      child.stdin.end();
      await exited;
    },
    unref() {
      child.unref();
      for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket).unref();
    },
  };
}

/** What a finished command left: its exit code (127 where it could not be started) and its output. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a short command to its end; `onLine` sees each line of both outputs as it comes. */
export function runCommand(task: {
  command: string;
  args: string[];
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  timeoutMs?: number | undefined;
  onLine?: ((line: string) => void) | undefined;
}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(task.command, task.args, {
      cwd: task.cwd,
      env: task.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: task.timeoutMs,
    });
    const stdout: string[] = [];
    const stderr: string[] = [];
    const collect = (into: string[]) => (line: string) => {
      into.push(line);
      task.onLine?.(line);
    };
    eachLine(child.stdout, collect(stdout));
    eachLine(child.stderr, collect(stderr));
    const finish = (code: number) => resolve({ code, stdout: stdout.join('\n'), stderr: stderr.join('\n') });
    child.once('error', (error) => {
      stderr.push(error.message);
      finish(127);
    });
    child.once('close', (code) => finish(code ?? 1));
  });
}

function eachLine(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream }).on('line', onLine);
}
