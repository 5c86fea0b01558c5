import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const projectRoot = join(import.meta.dirname, '..', '..');

/** The text of a file, by its path from the project folder. */
export function readProjectFile(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** One service of docker-compose.yml, as far as the tests look at it. */
export interface ComposeService {
  image: string;
  command?: string[];
  env_file?: { path: string; required?: boolean }[];
  environment?: Record<string, string>;
  ports?: string[];
  profiles?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: object;
  stop_grace_period?: string;
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  volumes: Record<string, unknown>;
}

/** docker-compose.yml with its merge keys resolved. */
export function readComposeFile(): ComposeFile {
  return parse(readProjectFile('docker-compose.yml'), { merge: true });
}

/** The services that run Harbourmaster's own image. */
export function ownServices(): [string, ComposeService][] {
  return Object.entries(readComposeFile().services).filter(
    ([, { image }]) => image === 'harbourmaster:local',
  );
}

/** The scripts of package.json, by name. */
export function packageScripts(): Record<string, string> {
  return JSON.parse(readProjectFile('package.json')).scripts;
}

/** Every variable that src/config.ts names. */
export function configVariables(): string[] {
  const names = readProjectFile('src/config.ts').matchAll(/(?:^\s+|\{ )([A-Z][A-Z0-9_]*[A-Z0-9]): /gm);
  return [...new Set([...names].map(([, name]) => name ?? ''))];
}
