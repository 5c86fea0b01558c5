type Family = 'ubuntu' | 'centos' | 'windows';

/**
 * The one table of operating systems: the shop's names, which checkout takes and orders keep, and the codes
 * that SmartVPS takes in `changeos`. `version` is the number that `status.OS` is taken to show (assumed).
 */
const systems = [
  { name: 'Ubuntu 22', smartVpsCode: 'ubuntu', family: 'ubuntu', version: 22 },
  { name: 'CentOS 7', smartVpsCode: 'centos', family: 'centos', version: 7 },
  { name: 'Windows 2022 64', smartVpsCode: '2022', family: 'windows', version: 2022 },
  { name: 'Windows 2019 64', smartVpsCode: '2019', family: 'windows', version: 2019 },
  { name: 'Windows 2016 64', smartVpsCode: '2016', family: 'windows', version: 2016 },
  { name: 'Windows 2012 64', smartVpsCode: '2012', family: 'windows', version: 2012 },
  { name: 'Windows 11 64', smartVpsCode: '11', family: 'windows', version: 11 },
] as const satisfies readonly { name: string; smartVpsCode: string; family: Family; version: number }[];

type OperatingSystemName = (typeof systems)[number]['name'];
type SmartVpsOsCode = (typeof systems)[number]['smartVpsCode'];

/** The names that checkout takes. */
export const operatingSystemNames: readonly OperatingSystemName[] = systems.map((system) => system.name);

/** The code that SmartVPS takes for a shop's name; undefined where the shop does not sell it. */
export function findSmartVpsOs(name: string): SmartVpsOsCode | undefined {
  return systems.find((system) => system.name === name)?.smartVpsCode;
}

const familyWords: Readonly<Record<string, Family>> = {
  ubuntu: 'ubuntu',
  centos: 'centos',
  windows: 'windows',
  win: 'windows',
};
/** Numbers that tell the width of a machine word (`64bit`, `x86_64`), never a version. */
const widths: readonly number[] = [32, 64, 86];
const windowsVersions: readonly number[] = systems.flatMap((system) =>
  system.family === 'windows' ? [system.version] : [],
);

interface Reported {
  words: string[];
  families: Set<Family>;
  numbers: number[];
}

function readReported(text: string): Reported {
  const words = text.toLowerCase().match(/\p{L}+|\d+/gu) ?? [];
  const families = words.flatMap((word) => (Object.hasOwn(familyWords, word) ? [familyWords[word]] : []));
  const numbers = words.filter((word) => /^\d/.test(word)).map(Number);
  return {
    words,
    families: new Set(families.filter((family) => family !== undefined)),
    numbers: numbers.filter((number) => !widths.includes(number)),
  };
}

/** A Windows must name its version; `2022` alone is the supplier's own code. */
function matchesWindows({ reported, version }: { reported: Reported; version: number }): boolean {
  const isNumbersOnly = reported.words.every((word) => /^\d/.test(word));
  if (!isNumbersOnly && !reported.families.has('windows')) return false;
  const versions = new Set(reported.numbers.filter((number) => windowsVersions.includes(number)));
  return versions.size === 1 && versions.has(version);
}

/** A Linux may leave its version out: the supplier's codes `ubuntu` and `centos` have none. */
function matchesLinux({
  reported,
  family,
  version,
}: {
  reported: Reported;
  family: Family;
  version: number;
}) {
  if (!reported.families.has(family)) return false;
  return reported.numbers.length === 0 || reported.numbers[0] === version;
}

/**
 * Whether the ordered system (a shop's name) is the one that `status.OS` reports: `Windows Server 2022`,
 * `Ubuntu 22.04`, `ubuntu`, `2022`. That text is free (assumed): what is empty, names two systems or cannot be
 * told apart does not match, so that the system is set once too often rather than delivered wrong.
 */
export function matchesReportedOs(input: { ordered: string; reported: string }): boolean {
  const system = systems.find((candidate) => candidate.name === input.ordered);
  const reported = readReported(input.reported);
  if (system === undefined || reported.families.size > 1) return false;
  return system.family === 'windows'
    ? matchesWindows({ reported, version: system.version })
    : matchesLinux({ reported, family: system.family, version: system.version });
}
